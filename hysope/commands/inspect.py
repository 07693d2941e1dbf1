# SPDX-License-Identifier: Apache-2.0
"""`hysope check`, `config show`, `doctor`: what is set, what is wrong, and how to mend it."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pyproj
import rasterio

from catalog.model.faults import Fault
from catalog.model.objects import ObjectError
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.time import micros_text
from catalog.query import And, Property, equal
from catalog.service import Catalog, StoreDown
from config.chains import Command
from config.load import Loaded, flat
from config.problems import ConfigError
from config.settings import Settings
from config.yaml_source import dotted
from hysope.wiring import checked_registry, wire_catalog, wire_harvester
from portal.pages import STATIC
from tiles.legend import has_accents
from tiles.loops import COMPILED

_COMMANDS = {"slurm": ["sbatch", "squeue", "scancel"], "pbs": ["qsub", "qstat", "qselect", "qdel"]}


def check(loaded: Loaded, _arguments: argparse.Namespace) -> int:
    """All faults of the configuration at once (the settings are already good when this runs)."""
    try:
        registry = checked_registry(loaded.settings)
    except ConfigError as error:
        print(error, file=sys.stderr)
        print(f"{len(error.problems)} problems", file=sys.stderr)
        return 1
    print(
        f"the configuration is good: {len(registry.types)} product types ({', '.join(registry.types)}), {len(registry.series_types)} series types, "
        f"{len(registry.processes)} processes ({', '.join(registry.processes)}), {len(registry.shared_styles)} shared styles"
    )
    return 0


def show(loaded: Loaded, arguments: argparse.Namespace) -> int:
    """Every setting; with --origin, where each came from. Secrets are masked."""
    for key, value in flat(loaded.settings):
        origin = ""
        if arguments.origin:
            place = next(
                (
                    loaded.origin[key[:length]]
                    for length in range(len(key), 0, -1)
                    if key[:length] in loaded.origin
                ),
                None,
            )
            origin = (
                "  # default"
                if place is None
                else f"  # {place.source}:{place.line}"
                if place.line
                else f"  # {place.source}"
            )
        print(f"{dotted(key)}: {value}{origin}")
    return 0


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: ok, warn or fail, and the cure."""

    level: str
    what: str
    cure: str = ""


def doctor(loaded: Loaded, _arguments: argparse.Namespace) -> int:
    """Looks at everything that a healthy installation needs."""
    worst = 0
    for look in (
        _versions,
        _projection,
        _limits,
        _kernels,
        _fonts,
        _portal,
        _archive,
        _store,
        _harvest,
        _jobs,
        _public_url,
    ):
        for finding in look(loaded.settings):
            print(f"{finding.level:5s}{finding.what}" + (f"\n     -> {finding.cure}" if finding.cure else ""))
            worst = max(worst, ("ok", "warn", "fail").index(finding.level))
    return 1 if worst == 2 else 0


def _versions(_settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "ok",
        f"Python {sys.version.split()[0]}, rasterio {rasterio.__version__}, GDAL {rasterio.__gdal_version__}, PROJ {pyproj.proj_version_str}",
    )


def _projection(_settings: Settings) -> Iterator[Finding]:
    x, y = pyproj.Transformer.from_crs(4326, 2154, always_xy=True).transform(3.0, 46.5)
    if abs(x - 700_000) < 1 and abs(y - 6_600_000) < 1:
        yield Finding("ok", "PROJ has its data")
    else:
        yield Finding(
            "fail",
            "PROJ computes wrong coordinates: its data files are missing or foreign",
            "unset PROJ_LIB and PROJ_DATA, and reinstall pyproj",
        )


def _limits(_settings: Settings) -> Iterator[Finding]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft >= 1_024
    yield Finding(
        "ok" if good else "warn",
        f"{soft} files may be open",
        "" if good else "ulimit -n 4096 before starting",
    )


def _kernels(_settings: Settings) -> Iterator[Finding]:
    if COMPILED:
        yield Finding("ok", "the drawing loops are compiled by numba")
    else:
        yield Finding(
            "warn",
            "the drawing loops run in numpy, 3 to 20 times slower",
            "pip install numba, and unset HYSOPE_NUMBA",
        )


def _fonts(_settings: Settings) -> Iterator[Finding]:
    good = has_accents()
    yield Finding(
        "ok" if good else "warn",
        "legends have a font with accents" if good else "legends have no font with accents",
        "" if good else "pip install mapproxy (its wheel carries DejaVu Sans)",
    )


def _portal(_settings: Settings) -> Iterator[Finding]:
    good = (STATIC / "map.js").is_file()
    yield Finding(
        "ok" if good else "warn",
        "the map page is built" if good else "the map page is not built",
        "" if good else "make portal",
    )


def _archive(settings: Settings) -> Iterator[Finding]:
    archive = settings.data
    try:
        archive.mkdir(parents=True, exist_ok=True)
        probe = archive / f".doctor-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "fail",
            f"{archive} cannot be written: {error.strerror}",
            f"chown or chmod {archive} for this user, or set `data` to another folder",
        )
        return
    free = shutil.disk_usage(archive).free
    yield Finding(
        "ok" if free > 5 << 30 else "warn",
        f"{archive.resolve()} can be written, {free >> 30} GB are free",
        "" if free > 5 << 30 else "a full L2A needs about 2 GB while it is ingested",
    )
    if settings.archive.objects:
        yield _bucket(settings)
    left = list((archive / "archive" / "work").glob("*")) if (archive / "archive" / "work").is_dir() else []
    if left:
        yield Finding(
            "warn",
            f"{len(left)} things of running or killed ingests are in the working folder",
            "hysope ingest (without paths) removes what no running process owns",
        )


def _bucket(settings: Settings) -> Finding:
    """Whether the object storage gives what the catalogue has there, by its first file."""
    catalog = wire_catalog(settings)
    try:
        first = next(catalog.stored(), None)
        if first is not None and catalog.objects:
            catalog.objects.told(first[1])
    except ObjectError as error:
        return Finding(
            "fail", f"the object storage does not give a file: {error}", "look at archive.objects and its key"
        )
    finally:
        catalog.close()
    return Finding("ok", "the object storage gives what is there" if first else "nothing is in the object storage yet", "")  # fmt: skip


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        catalog = wire_catalog(settings)
        revision = catalog.revision()
        unlisted = _unlisted(catalog)
        missing = [path for _, path, sha256 in catalog.files() if sha256 and not path.is_file()]
        catalog.close()
    except (StoreDown, Fault, OSError, ConfigError) as error:
        yield Finding(
            "fail",
            f"the store does not answer: {type(error).__name__}: {str(error).splitlines()[0][:160]}",
            "check database.url, and that PostgreSQL runs with PostGIS",
        )
        return
    yield Finding("ok", f"the store answers, revision {revision}")
    if unlisted:
        yield Finding("warn", f"{unlisted} products have no record in the catalogue", "hysope reindex")
    if missing:
        yield Finding(
            "fail",
            f"{len(missing)} files of the catalogue are missing, first {missing[0]}",
            "restore them, or ingest their products again with --force; `hysope verify` lists all",
        )


def _unlisted(catalog: Catalog) -> int:
    """How many published products the catalogue services would not find."""
    deadline = Deadline.after(60)
    products = catalog.count(And(()), OPERATOR, deadline)
    return products - catalog.count_records(equal(Property.KIND, "product"), OPERATOR, deadline)


def _harvest(settings: Settings) -> Iterator[Finding]:
    """How the last run of each harvested source ended."""
    if not settings.fetched:
        return
    try:
        catalog = wire_catalog(settings)
        book = wire_harvester(settings, catalog).book
        last = {name: next(iter(book.runs(name, 1)), None) for name in settings.fetched}
        catalog.close()
    except (StoreDown, Fault, OSError, ConfigError):
        return
    for name, run in last.items():
        if run is None:
            yield Finding("warn", f"{name} was never harvested", f"hysope harvest {name}")
        elif run.status in ("failed", "suspicious"):
            more = " --accept-deletions, if that is right" if run.status == "suspicious" else ""
            yield Finding(
                "warn",
                f"the harvest of {name} is {run.status}: {run.message}",
                f"hysope harvest {name}{more}",
            )
        else:
            yield Finding("ok", f"{name} was harvested {micros_text(run.started)[:19]} ({run.status})")


def _jobs(settings: Settings) -> Iterator[Finding]:
    """What runs jobs: the executor's commands, the programs of the processes, and a file system shared with the archive."""
    chosen = settings.processes
    needed = _COMMANDS.get(chosen.executor, [])
    absent = [name for name in needed if not shutil.which(name, path=chosen.path)]
    if absent:
        yield Finding(
            "fail",
            f"{', '.join(absent)} of {chosen.executor} are not on processes.path",
            f"install the client of {chosen.executor}, or set processes.path",
        )
    else:
        yield Finding("ok", f"jobs run with the executor {chosen.executor}")
    for process in checked_registry(settings).processes.values():
        if isinstance(process.run, Command) and not shutil.which(process.run.command[0], path=chosen.path):
            cure = "install it on the nodes (Debian: otb-bin for otbcli_…), or set processes.path"
            yield Finding(
                "warn",
                f"the process {process.id} needs {process.run.command[0]}, which is not on processes.path here",
                cure,
            )
    settings.jobs_folder.mkdir(parents=True, exist_ok=True)
    archive = (settings.data / "archive").resolve()
    if archive.exists() and archive.stat().st_dev != settings.jobs_folder.stat().st_dev:
        yield Finding(
            "warn",
            "jobs and archive are on different file systems: results are copied, not linked",
            "set processes.folder",
        )


def _public_url(settings: Settings) -> Iterator[Finding]:
    url = settings.server.public_url
    if not url:
        yield Finding("ok", "no public address is set: links carry the address that was asked")
        return
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=5) as answer:  # noqa: S310  (the operator's own setting, http or https)
            good = answer.status == 200
    except (urllib.error.URLError, OSError, ValueError):
        good = False
    yield Finding(
        "ok" if good else "warn",
        f"{url} {'answers' if good else 'does not answer'}",
        "" if good else "start the server, or correct server.public_url and the proxy",
    )
