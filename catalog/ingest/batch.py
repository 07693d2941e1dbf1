# SPDX-License-Identifier: Apache-2.0
"""Ingests many products: each on its own, whatever happens to the others; what was there already is skipped, so a run can be repeated."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.geometry import footprint_boxes
from catalog.ingest import archive
from catalog.ingest.assets import Maker, file_facts, sources
from catalog.ingest.discover import Candidate, Found, Kinds, Passed, discover, fingerprint
from catalog.ingest.publish import Publisher, Reached, no_points
from catalog.ingest.quicklook import write_quicklook
from catalog.ingest.readers import READERS, polygons
from catalog.ingest.readers.scene import METADATA_NAMES, QUICKLOOK_NAMES, Members, assign, require, wanted
from catalog.ingest.readers.series import SeriesFile
from catalog.ingest.refusal import Refused
from catalog.model.faults import Fault
from catalog.model.observation import Delivery
from catalog.model.principal import Principal
from catalog.model.product import Asset, AssetRole, Product
from catalog.raster.files import Unreadable
from catalog.raster.footprint import footprint
from catalog.service import Catalog
from config.limits import Limits
from config.product_types import Policy, ProductType
from config.series_types import SeriesType

_FINGERPRINT = "hysope:fingerprint"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source."""

    source: Path
    status: str
    """new, updated, older, skipped, failed, or would ingest (dry run)."""
    product: str = ""
    reason: str = ""


@dataclass
class Report:
    """What became of all of them."""

    outcomes: list[Outcome] = field(default_factory=list)

    def counts(self) -> Mapping[str, int]:
        """How many of each status."""
        return Counter(outcome.status for outcome in self.outcomes)


class Ingest:
    """The real ingest: demo, command line, inbox and tests all come through here."""

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        who: Principal,
        policies: Mapping[str, Policy] | None = None,
        reached: Reached = no_points,
    ) -> None:
        self._catalog, self._limits, self._policies = catalog, limits, policies or {}
        self._who = who
        self._publisher = Publisher(catalog, who, reached)
        self._kinds = Kinds(
            tuple(catalog.registry.types.values()), tuple(catalog.registry.series_types.values())
        )

    def repair(self) -> list[str]:
        """Mends what a killed run left (see Publisher.repair)."""
        return self._publisher.repair()

    def find(self, paths: Iterable[Path]) -> list[Found]:
        """What is in files and trees."""
        return list(discover(paths, self._kinds, self._limits))

    def run(
        self,
        found: Iterable[Found],
        *,
        force: bool = False,
        dry_run: bool = False,
        seen: Callable[[Outcome], None] | None = None,
    ) -> Report:
        """Ingests one after the other; `seen` hears of each."""
        report = Report()
        for item in found:
            outcome = self._one(item, force, dry_run)
            report.outcomes.append(outcome)
            if seen:
                seen(outcome)
        return report

    def _one(self, item: Found, force: bool, dry_run: bool) -> Outcome:
        if isinstance(item, Passed):
            return Outcome(item.source, "failed" if item.broken else "skipped", reason=item.reason)
        if isinstance(item, SeriesFile):
            return self._deliver(item, dry_run)
        identity = item.identity
        name = f"{identity.id}@{identity.version}"
        mark = fingerprint(item)
        stored = self._catalog.version_of(identity.id, identity.version)
        seen_before = stored and (
            stored.quality.get(_FINGERPRINT) == mark or stored.source != str(item.source.resolve())
        )
        if seen_before and not force:
            return Outcome(item.source, "skipped", name, "this version is here already")
        if dry_run:
            return Outcome(item.source, "would ingest", name, identity.kind.id)
        try:
            return Outcome(item.source, self._ingest(item, mark), name)
        except (Refused, Unreadable) as refused:
            return Outcome(item.source, "failed", name, str(refused))
        except OSError as error:
            return Outcome(
                item.source, "failed", name, f"{error.strerror or error}: {error.filename or item.source}"
            )

    def _deliver(self, item: SeriesFile, dry_run: bool) -> Outcome:
        """Observations: a station's in one transaction; what was here already is skipped. The file is read whole before the first is stored."""
        try:
            found = tuple(item.read(self._limits.metadata_bytes))
        except (Refused, OSError) as refused:
            return Outcome(item.source, "failed", reason=str(refused))
        kinds = [self._taker(item, one) for one in found]
        name = found[0].station.id if len(found) == 1 else f"{len(found)} stations"
        if None in kinds:
            lost = found[kinds.index(None)]
            return Outcome(
                item.source, "skipped", name, f"no collection takes {lost.status} series of a {lost.station.body} from {lost.reader}"
            )  # fmt: skip
        if dry_run:
            return Outcome(
                item.source, "would ingest", name, ", ".join(sorted({kind.id for kind in kinds if kind}))
            )
        try:
            outcomes = [
                self._catalog.deliver(one, kind, self._who, str(item.source.resolve()))
                for one, kind in zip(found, kinds, strict=True)
                if kind
            ]
        except Fault as fault:
            return Outcome(item.source, "failed", name, fault.text)
        outcome = next((one for one in ("new", "updated") if one in outcomes), "skipped")
        return Outcome(
            item.source, outcome, name, "these observations are here already" if outcome == "skipped" else ""
        )  # fmt: skip

    def _taker(self, item: SeriesFile, delivery: Delivery) -> SeriesType | None:
        """The series type of a delivery: the one that the file's name says, or that of its reader, status and kind of station."""
        wanted = (delivery.reader, delivery.station.body, delivery.status)
        for kind in self._catalog.registry.series_types.values():
            if item.collection == kind.id or (
                not item.collection and (kind.reader, kind.body, kind.status) == wanted
            ):
                return kind
        return None

    def _ingest(self, item: Candidate, mark: str) -> str:
        kind, identity = item.identity.kind, item.identity
        policy = self._policies.get(kind.id, kind.policy)
        with self._publisher.working_folder() as folder:
            home = folder / "product"
            home.mkdir()
            members = self._members(item, home if policy != "full_cog" else folder / "unpacked")
            self._publisher.reached("unpacked")
            assigned = assign(members.files, kind)
            require(assigned, kind)
            metadata = READERS[kind.reader](members)
            paths = {band: members.files[name] for band, name in assigned.items()}
            found = sources(_burnt(paths, kind, home, folder), kind)
            made = Maker(kind, policy, self._catalog.registry.visual(kind), metadata, home).make(found)
            outline = footprint(made.valid, made.grid)
            assets = (
                *made.assets,
                *_polygons(home, made.assets),
                *_papers(members, home),
                *write_quicklook(kind, made.assets, home),
            )
            self._publisher.reached("assets made")
            product = Product(
                identity.id, identity.version, kind.id, identity.period, identity.day, outline, footprint_boxes(outline), assets,
                made.cloud, made.snow, identity.platform, identity.zone, metadata.produced, str(item.source.resolve()),
                {**metadata.quality, _FINGERPRINT: mark, "profile": identity.profile or "-"},
            )  # fmt: skip
            return self._publisher.publish(_flattened(product, home), home)

    def _members(self, item: Candidate, into: Path) -> Members:
        """The files of a product; of a zip, the needed ones are unpacked."""
        limit = self._limits.metadata_bytes
        if item.form == "file":
            return Members({item.source.name: item.source}, limit)
        if item.form == "folder":
            files = {
                path.relative_to(item.source).as_posix(): path
                for path in sorted(item.source.rglob("*"))
                if path.is_file() and not path.is_symlink()
            }
            return Members(files, limit)
        listed = archive.members(item.source, self._limits)
        needed = wanted(listed, item.identity.kind)
        require(assign(listed, item.identity.kind), item.identity.kind)
        _room(into.parent, sum(listed[name].file_size for name in needed), item.source)
        return Members(archive.extract(item.source, needed, into, self._limits), limit)


def _burnt(paths: dict[str, Path], kind: ProductType, home: Path, folder: Path) -> dict[str, Path]:
    """The bands' files; of a type of polygons the raster that was burnt from them, while they are kept in `home`. Raises Refused."""
    if kind.polygons is None:
        return paths
    work = folder / "burnt"
    work.mkdir()
    return {
        name: polygons.burn(path, kind.bands[name], kind.polygons, home, work, kind.grid_side)
        for name, path in paths.items()
    }


def _polygons(home: Path, rasters: Iterable[Asset]) -> list[Asset]:
    path = home / polygons.POLYGONS
    if not path.is_file():
        return []
    size, sha256 = file_facts(path)
    grid = next(one.grid for one in rasters if one.grid)
    return [Asset("polygons", AssetRole.VECTOR, path.name, "", size, sha256, grid)]


def _room(folder: Path, needed: int, source: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed * 2 > free:
        raise Refused(f"{source.name}: needs {needed * 2 >> 20} MB in {folder}, {free >> 20} MB are free")


def _papers(members: Members, home: Path) -> list[Asset]:
    """The metadata file and the distributed quicklook, copied beside the rasters."""
    out = []
    for endings, role, name in (
        (METADATA_NAMES, AssetRole.METADATA, "metadata.xml"),
        (QUICKLOOK_NAMES, AssetRole.QUICKLOOK, "quicklook"),
    ):
        path = next((path for path in members.ending(endings) if path.stat().st_size), None)
        if path:
            target = home / (name if "." in name else f"{name}{path.suffix.lower()}")
            shutil.copyfile(path, target)
            out.append(
                Asset(
                    target.stem if role is AssetRole.METADATA else "quicklook",
                    role,
                    target.name,
                    "",
                    bytes=target.stat().st_size,
                )
            )
    return out


def _flattened(product: Product, home: Path) -> Product:
    """Rasters that were unpacked for a product which keeps its files as they are, moved up beside the others."""
    assets = []
    for asset in product.assets:
        path = Path(asset.path)
        if path.is_absolute() and path.is_relative_to(home.resolve()):
            target = home / path.name
            if path != target.resolve():
                path.replace(target)
            asset = replace(asset, path=target.name)
        assets.append(asset)
    for path in list(home.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
    return replace(product, assets=tuple(assets))
