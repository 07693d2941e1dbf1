# SPDX-License-Identifier: Apache-2.0
"""Makes the assets of a product as its archive policy says, and measures it on the way: what the rasters say is trusted over the metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.ingest.readers.scene import Metadata
from catalog.ingest.refusal import Refused
from catalog.model.product import Asset, AssetRole, Grid
from catalog.raster.cf import describe_variable, read_variable
from catalog.raster.files import Description, Unreadable, describe, driver_of, fitted, read_band, valid
from catalog.raster.write import CogMaker, decimated, write_cog, write_low
from config.product_types import Band, PixelRule, Policy, ProductType
from config.styles import Composite

_SIDECAR_FACTOR = 4
_MASK_SIDE = 512


@dataclass(frozen=True)
class Source:
    """One band of a product as it was distributed."""

    name: str
    band: Band
    path: Path
    described: Description
    driver: str = "GTiff"
    """Empty for netCDF, which no map is drawn from."""

    @property
    def servable(self) -> bool:
        """Whether the file can stay as it is: maps can be drawn from it, and its counts are the band's."""
        return bool(self.driver) and self.described.dtypes[self.band.index - 1] == self.band.dtype


@dataclass(frozen=True)
class Made:
    """The assets of a product and what was measured. Paths of assets that we wrote are relative to the folder they are in."""

    assets: tuple[Asset, ...]
    valid: NDArray[np.bool_]
    """Decimated mask of the valid pixels of the first data band."""
    grid: Grid
    cloud: float | None
    snow: float | None


def sources(paths: Mapping[str, Path], kind: ProductType) -> list[Source]:
    """The bands, checked against the product type: driver, CRS, size, type. Raises Refused or Unreadable.

    An optional band that is empty is left out.
    """
    out = []
    for name, path in paths.items():
        band = kind.bands[name]
        if not band.required and path.stat().st_size == 0:
            continue
        netcdf = path.suffix.lower() == ".nc"
        driver = "" if netcdf else driver_of(path)
        described = describe_variable(path, band.variable, kind.epsg) if netcdf else describe(path, driver)
        side = max(described.grid.width, described.grid.height)
        if side > kind.grid_side:
            raise Refused(f"{path.name}: has {side} pixels a side, a {kind.id} has at most {kind.grid_side}")
        allowed = (band.dtype, *band.also)
        if not netcdf and (
            band.index > len(described.dtypes) or described.dtypes[band.index - 1] not in allowed
        ):
            raise Refused(f"{path.name}: is {described.dtypes[0]}, {name} of {kind.id} is {band.dtype}")
        out.append(Source(name, band, path, described, driver))
    if len({source.described.grid.epsg for source in out}) > 1:
        raise Refused("its bands have different coordinate reference systems")
    return out


class Maker:
    """Makes the assets of one product in a working folder."""

    def __init__(
        self, kind: ProductType, policy: Policy, visual: Composite | None, metadata: Metadata, folder: Path
    ) -> None:
        self._kind, self._policy, self._visual, self._metadata, self._folder = (
            kind,
            policy,
            visual,
            metadata,
            folder,
        )
        if policy == "visual_only" and visual is None:
            self._policy = "overview_sidecar"
        if policy == "in_place":
            self._visual = None

    def make(self, found: list[Source]) -> Made:
        """Reads each band once. Raises Unreadable for a file that is cut off, Refused for one without any data."""
        assets: list[Asset] = []
        first = next(source for source in found if source.band.role == "data")
        shares: dict[str, float] = {}
        outline: NDArray[np.bool_] | None = None
        look: CogMaker | None = None
        looked = 0
        for source in found:
            counts = self._counts(source)
            good = valid(counts, self._nodata(source.band))
            if source is first:
                if not good.any():
                    raise Refused(f"{source.path.name}: has no valid pixel")
                outline = _thinned(good)
            for label, rule in (("cloud", self._kind.cloudy), ("snow", self._kind.snowy)):
                if rule and rule.band == source.name:
                    shares[label] = _share(counts, good if source.band.role == "data" else None, rule)
            if self._visual and source.name in self._visual.bands:
                look = look or CogMaker(source.described.grid, 3, "uint8", 0.0)
                looked += self._put(look, source, counts, good)
            del good
            assets += self._assets(source, counts)
        assert outline is not None
        if look and looked == 3:
            assets.append(self._write_visual(look))
        elif look:
            look.drop()
        return Made(tuple(assets), outline, first.described.grid, shares.get("cloud"), shares.get("snow"))

    def _counts(self, source: Source) -> NDArray[Any]:
        known = self._nodata(source.band)
        if not source.driver:
            values = read_variable(source.path, source.band.variable, self._kind.epsg)
            return packed(values, source.band)
        counts = read_band(source.path, source.band.index, source.driver)
        for other in known[1:]:
            if self._copied(source):
                counts[counts == other] = known[0]
        return counts if counts.dtype.name == source.band.dtype else narrowed(counts, source)

    def _copied(self, source: Source) -> bool:
        """Whether a band becomes a file of ours."""
        return self._policy == "full_cog" or not source.servable

    def _nodata(self, band: Band) -> tuple[int, ...]:
        """What means "no value" in a band: as the metadata say where the band has a value for it at all."""
        if band.nodata and self._metadata.nodata is not None and band.dtype == "int16":
            return (self._metadata.nodata, *band.nodata)
        return band.nodata

    def _scaled(self, band: Band) -> tuple[float, float]:
        if band.role != "data" or band.wavelength is None:
            return band.scale, band.offset
        scale, offset = self._metadata.scale, self._metadata.offset
        return (band.scale if scale is None else scale), (band.offset if offset is None else offset)

    def _assets(self, source: Source, counts: NDArray[Any]) -> list[Asset]:
        average = self._kind.continuous and not source.band.categorical
        nodata = self._nodata(source.band)
        scale, offset = self._scaled(source.band)
        role = AssetRole.DATA if source.band.role == "data" else AssetRole.MASK
        target = self._folder / f"{source.name}.tif"
        tag = float(nodata[0]) if nodata else None
        common = Asset(
            source.name, role, str(source.path.resolve()), source.driver, grid=source.described.grid, dtype=source.band.dtype,
            bands={source.name: source.band.index}, scale=scale, offset=offset, nodata=nodata,
        )  # fmt: skip
        if self._copied(source):
            overviews = write_cog(target, counts, source.described.grid, tag, average=average)
            return [
                self._with_low(
                    replace(
                        common,
                        path=target.name,
                        driver="GTiff",
                        bands={source.name: 1},
                        nodata=nodata[:1],
                        overviews=overviews,
                    ),
                    target,
                    average,
                )
            ]
        in_place = replace(common, overviews=source.described.overviews, **_facts(source.path))
        if self._policy != "overview_sidecar" or source.described.overviews:
            return [self._with_low(in_place, source.path, average)]
        small, grid = decimated(counts, source.described.grid, tag, _SIDECAR_FACTOR, average=average)
        target = self._folder / f"{source.name}.sidecar.tif"
        overviews = write_cog(target, small, grid, tag, average=average)
        sidecar = replace(
            common,
            key=f"{source.name}.sidecar",
            role=AssetRole.SIDECAR,
            path=target.name,
            driver="GTiff",
            grid=grid,
            bands={source.name: 1},
            overviews=overviews,
        )
        return [self._with_low(in_place, target, average), replace(sidecar, **_facts(target))]

    def _with_low(self, asset: Asset, written: Path, average: bool) -> Asset:
        """The asset with its low-zoom arrays, made from the raster that has the levels."""
        write_low(written, self._folder / asset.key, driver_of(written), average=average)
        facts = {} if asset.sha256 else _facts(written)
        return replace(asset, low=asset.key, **facts)

    def _put(self, look: CogMaker, source: Source, counts: NDArray[Any], good: NDArray[np.bool_]) -> int:
        """Puts a band into the visual, as often as the style names it; returns how often."""
        assert self._visual
        if source.described.grid != look.grid:
            raise Refused("the bands of its visual lie on different grids")
        numbers = [at for at, name in enumerate(self._visual.bands, 1) if name == source.name]
        band = _stretched(counts, good, self._scaled(source.band), self._visual)
        for number in numbers:
            look.put(number, band)
        return len(numbers)

    def _write_visual(self, look: CogMaker) -> Asset:
        target = self._folder / "visual.tif"
        overviews = look.finish(target, average=True)
        names = {f"visual.{number}": number for number in (1, 2, 3)}
        asset = Asset(
            "visual",
            AssetRole.VISUAL,
            target.name,
            "GTiff",
            grid=look.grid,
            dtype="uint8",
            bands=names,
            nodata=(0,),
            overviews=overviews,
        )
        return self._with_low(asset, target, average=True)


def packed(values: NDArray[np.float64], band: Band) -> NDArray[Any]:
    """Values in a band's unit as the counts of one of netCDF files; its first "no value" where there is none, or none that the type can hold."""
    counts = (values - band.offset) / band.scale
    if band.dtype == "float32":
        return np.where(np.isfinite(values), counts, band.nodata[0]).astype(np.float32)
    info = np.iinfo(band.dtype)
    counts = np.round(counts)
    with np.errstate(invalid="ignore"):
        good = (counts >= info.min) & (counts <= info.max)
    out: NDArray[Any] = np.where(good, counts, band.nodata[0]).astype(band.dtype)
    return out


def narrowed(counts: NDArray[Any], source: Source) -> NDArray[Any]:
    """Counts of one of the types in which a band is delivered, in the band's own. Raises Refused where they do not fit."""
    info = np.iinfo(source.band.dtype)
    if counts.min() < info.min or counts.max() > info.max:
        raise Refused(f"{source.path.name}: has counts that {source.band.dtype} cannot hold")
    return counts.astype(source.band.dtype)


def stretch_table(style: Composite) -> Callable[[NDArray[Any]], NDArray[np.uint8]]:
    """Reflectance to 1…255 (0 is kept for "no data"), linearly between the style's low and high, then gamma."""

    def apply(values: NDArray[Any]) -> NDArray[np.uint8]:
        share = np.clip((values - style.low) / (style.high - style.low), 0.0, 1.0)
        if style.gamma != 1.0:
            share = share ** (1.0 / style.gamma)
        looked: NDArray[np.uint8] = (share * 254.0 + 1.5).astype(np.uint8)
        return looked

    return apply


def file_facts(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while piece := opened.read(1 << 20):
            digest.update(piece)
    return path.stat().st_size, digest.hexdigest()


def _facts(path: Path) -> dict[str, Any]:
    size, sha256 = file_facts(path)
    return {"bytes": size, "sha256": sha256}


def _stretched(
    counts: NDArray[Any], good: NDArray[np.bool_], scaled: tuple[float, float], style: Composite
) -> NDArray[np.uint8]:
    """A band as bytes through a table over all its possible counts: no float image is ever made."""
    table = stretch_table(style)(
        np.arange(65_536, dtype=np.float64).astype(np.uint16).view(np.int16) * scaled[0] + scaled[1]
    )
    if counts.dtype not in (np.int16, np.uint16, np.uint8):
        raise Unreadable("a visual is made of integer bands only")
    keys = counts.view(np.uint16) if counts.dtype == np.int16 else counts
    out: NDArray[np.uint8] = table[keys]
    out[~good] = 0
    return out


def _share(counts: NDArray[Any], good: NDArray[np.bool_] | None, rule: PixelRule) -> float:
    """The percent of the valid pixels for which a rule holds, on every pixel."""
    hit = np.isin(counts, rule.values) if rule.values else (counts & sum(1 << bit for bit in rule.bits)) != 0
    total = int(good.sum()) if good is not None else counts.size
    held = int((hit & good).sum() if good is not None else hit.sum())
    return round(100.0 * held / total, 2) if total else 0.0


def _thinned(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of at most _MASK_SIDE pixels a side, true where most of the block is."""
    height, width = good.shape
    thin_width, thin_height = fitted(width, height, _MASK_SIDE)
    rows = (np.arange(thin_height) + 0.5) * height / thin_height
    columns = (np.arange(thin_width) + 0.5) * width / thin_width
    return good[np.ix_(rows.astype(int), columns.astype(int))]
