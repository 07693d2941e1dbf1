# SPDX-License-Identifier: Apache-2.0
"""A wrapper of a site's own MAJA (CNES): L1C of a tile and a time to L2A, image by image, each with the one before as its past.

MAJA is not ours to ship. The folder `processes.maja` has what a run needs: `maja` (the program), `l1c/` (SAFE products), `dtm/` (one
`S2__TEST_AUX_REFDE2_<tile>…` a tile), `gipp/` (parameters) and `userconf/`. The command line is that of MAJA 4.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SAFE = re.compile(
    r"S2[ABC]_MSIL1C_([0-9]{8})T[0-9]{6}_N[0-9]{4}_R([0-9]{3})_T([0-9]{2}[A-Z]{3})_[0-9]{8}T[0-9]{6}\.SAFE\Z"
)
_L2A = re.compile(r".*_L2A_T[0-9]{2}[A-Z]{3}_.*", re.ASCII)
_NOT_VALID = re.compile(r"NO(T)?VALD")
_TOLD_LINES = 5


@dataclass(frozen=True)
class Image:
    """An L1C product of a site."""

    path: Path
    day: str
    """`20230502`."""
    orbit: int


@dataclass(frozen=True)
class Outcome:
    """What became of an image: `produced`, `too cloudy` or `failed`, and why."""

    image: str
    status: str
    message: str = ""
    product: str = ""


def run(
    _items: Sequence[dict[str, Any]], values: dict[str, Any], out: Path, tell: Callable[[int, str], None]
) -> dict[str, Any]:
    """Writes `products.zip` (MUSCATE folders as MAJA made them); gives a report of every image. Raises ValueError where nothing could be made."""
    site, work = Path(values["maja"]), out / "work"
    images = list(found(site / "l1c", values["tile"], values["start"], values["end"], values.get("orbit")))
    if not images:
        raise ValueError("there is no L1C product of this tile, these days and this orbit")
    outcomes, made, past = list[Outcome](), list[Path](), None
    for number, image in enumerate(images):
        tell(95 * number // len(images), f"image {number + 1} of {len(images)}: {image.path.name}")
        outcome, product = _one(site, values["tile"], image, past, work / str(number))
        print(f"{outcome.image}: {outcome.status} {outcome.message}", flush=True)
        outcomes.append(outcome)
        if product is not None:
            made.append(product)
            past = product
    if not made:
        reasons = sorted({f"{one.status} {one.message}".strip() for one in outcomes})
        raise ValueError(f"no image became a product: {'; '.join(reasons)[:500]}")
    tell(96, "packing")
    _pack(made, out / "products.zip")
    shutil.rmtree(work)
    return {"report": [one.__dict__ for one in outcomes]}


def found(folder: Path, tile: str, start: str, end: str, orbit: int | None) -> Iterator[Image]:
    """The L1C products of a tile and a time (both ends in, as `2023-05-02`), the oldest first."""
    first, last = start.replace("-", ""), end.replace("-", "")
    for path in sorted(folder.glob("*.SAFE"), key=lambda one: one.name[11:26]):
        match = _SAFE.match(path.name)
        if match and match[3] == tile and first <= match[1] <= last and orbit in (None, int(match[2])):
            yield Image(path, match[1], int(match[2]))


def _one(site: Path, tile: str, image: Image, past: Path | None, work: Path) -> tuple[Outcome, Path | None]:
    """One run of MAJA: the first image without a past, every other with the last product before it."""
    given, made = work / "maja_inputs", work / "out"
    given.mkdir(parents=True)
    made.mkdir()
    relief = sorted((site / "dtm").glob(f"S2__TEST_AUX_REFDE2_{tile}*"))
    if not relief:
        return Outcome(image.path.name, "failed", f"there is no relief of the tile {tile}"), None
    for path in (image.path, *relief, *sorted((site / "gipp").iterdir()), *([past] if past else [])):
        (given / path.name).symlink_to(path.resolve())
    mode = "L2NOMINAL" if past else "L2INIT"
    command = [
        str(site / "maja"),
        "-i",
        str(given),
        "-o",
        str(made),
        "-ucs",
        str(site / "userconf"),
        "-m",
        mode,
    ]
    print("+", " ".join(command), flush=True)
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  (the site's own program)
    print(ended.stdout[-20_000:], ended.stderr[-20_000:], sep="", flush=True)
    if ended.returncode:
        lines = [line.strip() for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
        return Outcome(
            image.path.name,
            "failed",
            f"MAJA ended with {ended.returncode}: {' | '.join(lines[-_TOLD_LINES:])}",
        ), None
    products = [path for path in sorted(made.iterdir()) if path.is_dir() and _L2A.fullmatch(path.name)]
    if not products or _NOT_VALID.search(products[-1].name):
        return Outcome(image.path.name, "too cloudy"), None
    return Outcome(image.path.name, "produced", product=products[-1].name), products[-1]


def _pack(products: Sequence[Path], target: Path) -> None:
    """The folders of products, as they are."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for product in products:
            for path in sorted(product.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    packed.write(path, path.relative_to(product.parent))
