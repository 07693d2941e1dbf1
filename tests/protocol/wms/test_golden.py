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

HERE = {"sentinel2-l2a", "sentinel2-l3a", "snow-cover", "snow-fsc", "oso-17", "oso-23"}
"""Types of the fixture `world`; `families` has the others."""
GOLDEN = Path(__file__).parents[2] / "data" / "golden"
CASES = [
    (kind.layer_name(layer), style)
    for kind in load_registry().types.values()
    if not kind.derived
    for layer in kind.layers
    for style in layer.styles
]


WORLDWIDE = ("soil-moisture-smos", "precipitation", "gravimetry")


@pytest.mark.parametrize(("layer", "style"), CASES)
def test_the_picture_is_the_one_that_was_looked_at(
    world: World, families: World, layer: str, style: str
) -> None:
    box = "44.2085,0.4955,44.2285,0.5225"
    if layer.startswith(WORLDWIDE):
        box = "-90,-180,90,180"
    elif layer.startswith("dem"):
        box = "44,0,45,1"
    here = world if layer.split(".")[0] in HERE else families
    answer = get_map(here, LAYERS=layer, STYLES=style, BBOX=box, WIDTH=110, HEIGHT=110, CRS="EPSG:4326")
    path = GOLDEN / f"{layer}.{style}.png"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer.body)
    expected = np.asarray(Image.open(BytesIO(path.read_bytes())).convert("RGBA")).astype(int)
    difference = np.abs(pixels(answer).astype(int) - expected).max(axis=2)
    assert (difference > 3).mean() < 0.002
