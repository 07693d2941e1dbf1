# SPDX-License-Identifier: Apache-2.0
"""The picture of every distributed product type and style, against one that was looked at with open eyes (derived ones: ../processes).

`GOLDEN=write pytest tests/protocol/wms/test_golden.py` writes them anew; look at them before they are committed.
"""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import World
from wms_probe import get_map, pixels

from config.registry import load_registry

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
CASES = [
    (kind.layer_name(layer), style)
    for kind in load_registry().types.values()
    if not kind.derived
    for layer in kind.layers
    for style in layer.styles
]


@pytest.mark.parametrize(("layer", "style"), CASES)
def test_the_picture_is_the_one_that_was_looked_at(world: World, layer: str, style: str) -> None:
    box = "44.2085,0.4955,44.2285,0.5225"
    answer = get_map(world, LAYERS=layer, STYLES=style, BBOX=box, WIDTH=110, HEIGHT=110, CRS="EPSG:4326")
    path = GOLDEN / f"{layer}.{style}.png"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer.body)
    expected = np.asarray(Image.open(BytesIO(path.read_bytes())).convert("RGBA")).astype(int)
    difference = np.abs(pixels(answer).astype(int) - expected).max(axis=2)
    assert (difference > 3).mean() < 0.002
