# SPDX-License-Identifier: Apache-2.0
"""From a run's results to products of the owner's space: provenance written, published in one transaction with the job's success."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from catalog.geometry import footprint_boxes
from catalog.ingest.assets import file_facts
from catalog.ingest.publish import Publisher
from catalog.model import spaces
from catalog.model.product import Asset, AssetRole, Product
from catalog.model.time import Micros, Period, day_of, day_text, micros_text, now, read_instant
from catalog.records import LINEAGE
from catalog.service import UnitOfWork
from config.chains import Merged, Process, Publishes
from processes.files import RESULTS
from processes.model import Job
from processes.prepare import MADE, made_in

PROVENANCE = "provenance.json"


class Overtaken(Exception):
    """The job was dismissed while its results were being published: nothing of them is."""


@dataclass(frozen=True)
class Made:
    """Everything that publication needs of a run that ended well."""

    job: Job
    process: Process
    result: Publishes
    """What the process publishes."""
    values: dict[str, Any]
    sources: Sequence[Product]
    folder: Path
    """The attempt's."""


def publish(
    made: Made, publisher: Publisher, succeed: Callable[[UnitOfWork, Sequence[str]], bool]
) -> list[str]:
    """Publishes all results, or none; returns their ids. Raises Unfit or Overtaken.

    The run's files are linked, not moved: a crash before the commit finds them again.
    """
    at = now()
    with publisher.working_folder() as work:
        groups = [made.sources] if isinstance(made.process.run, Merged) else [[one] for one in made.sources]
        ready = [_ready(made, number, sources, work, at) for number, sources in enumerate(groups)]
        ids = [product.id for product, _ in ready]

        def also(unit: UnitOfWork) -> None:
            if not succeed(unit, ids):
                raise Overtaken

        publisher.publish_all(ready, also)
    return ids


def _ready(
    made: Made, number: int, sources: Sequence[Product], work: Path, at: Micros
) -> tuple[Product, Path]:
    """One product of one source or of several, and the folder with its files."""
    origin = made.folder / RESULTS / str(number)
    assets, outline, cloud, snow = made_in(origin)
    home = work / str(number)
    home.mkdir()
    for path in sorted(origin.iterdir()):
        if path.name != MADE and path.is_file() and not path.is_symlink():
            _link(path, home / path.name)
    space, process, job, source = spaces.space_of_user(made.job.owner), made.process, made.job, sources[0]
    name, period, day = spaces.split(source.id)[1], source.period, source.day
    if isinstance(process.run, Merged):
        day = day_of(read_instant(made.values["date"]).start)
        name = f"{day_text(day).replace('-', '')}_{source.zone or 'area'}"
        period = Period(
            Micros(min(one.period.start for one in sources)), Micros(max(one.period.end for one in sources))
        )
    product_id = f"{space}.{made.result.prefix}{name}"
    account = _provenance(made, sources, product_id, at)
    (home / PROVENANCE).write_text(json.dumps(account, ensure_ascii=False, indent=1), encoding="utf-8")
    size, sha256 = file_facts(home / PROVENANCE)
    paper = Asset("provenance", AssetRole.METADATA, PROVENANCE, "", size, sha256)
    settings = ", ".join(f"{key} = {value}" for key, value in made.values.items())
    origins = ", ".join(f"{one.id}@{one.version}" for one in sources)
    lineage = (
        f"{process.title.en} ({process.software}), from {origins}"
        + (f", with {settings}" if settings else "")
        + f"; job {job.id}"
    )
    platform = source.platform if len({one.platform for one in sources}) == 1 else ""
    product = Product(
        product_id, datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y%m%d%H%M%S"), f"{space}.{made.result.type}", period, day,
        outline, footprint_boxes(outline), (*assets, paper), cloud, snow, platform, source.zone, at, f"job:{job.id}",
        {LINEAGE: lineage, "process": f"{process.id} {process.version}", "derived_from": origins}, space,
    )  # fmt: skip
    return product, home


def _provenance(made: Made, sources: Sequence[Product], product_id: str, at: Micros) -> dict[str, Any]:
    """PROV-JSON (W3C PROV): who ordered, what ran where and when, from what, to what."""
    job, process = made.job, made.process
    activity = {
        "prov:startTime": micros_text(job.started or job.created), "prov:endTime": micros_text(at), "hysope:process": f"{process.id} {process.version}",
        "hysope:software": process.software, "hysope:hysope": installed("hysope"), "hysope:inputs": json.dumps(made.values), "hysope:executor": job.executor,
        "hysope:backend": job.backend_ref, "hysope:node": job.node, "hysope:attempt": job.attempt,
    }  # fmt: skip
    this, ran, owner = f"hysope:{product_id}", f"hysope:job-{job.id}", f"hysope:user-{job.owner}"
    names = {f"hysope:{one.id}@{one.version}": one for one in sources}
    entities = {
        name: {"hysope:sha256": json.dumps({asset.key: asset.sha256 for asset in one.assets if asset.sha256})}
        for name, one in names.items()
    }
    return {
        "prefix": {"hysope": "https://hysope.example/ns#"}, "entity": {**entities, this: {"prov:type": made.result.type}},
        "activity": {ran: activity}, "agent": {owner: {"prov:type": "prov:Person"}},
        "used": {f"_:u{at}": {"prov:activity": ran, "prov:entity": name} for at, name in enumerate(names)},
        "wasGeneratedBy": {"_:g": {"prov:entity": this, "prov:activity": ran}},
        "wasAssociatedWith": {"_:a": {"prov:activity": ran, "prov:agent": owner}},
        "wasDerivedFrom": {
            f"_:d{at}": {"prov:generatedEntity": this, "prov:usedEntity": name} for at, name in enumerate(names)
        },
    }  # fmt: skip


def _link(source: Path, target: Path) -> None:
    source.chmod(0o644)  # the run's folder is private, the archive is read by others
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
