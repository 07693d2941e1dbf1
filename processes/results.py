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
from catalog.model.time import Micros, micros_text, now
from catalog.records import LINEAGE
from catalog.service import UnitOfWork
from config.chains import Process, Publishes
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
        ready = [_ready(made, number, source, work, at) for number, source in enumerate(made.sources)]
        ids = [product.id for product, _ in ready]

        def also(unit: UnitOfWork) -> None:
            if not succeed(unit, ids):
                raise Overtaken

        publisher.publish_all(ready, also)
    return ids


def _ready(made: Made, number: int, source: Product, work: Path, at: Micros) -> tuple[Product, Path]:
    """One product and the folder with its files."""
    origin = made.folder / RESULTS / str(number)
    assets, outline, cloud, snow = made_in(origin)
    home = work / str(number)
    home.mkdir()
    for path in sorted(origin.iterdir()):
        if path.name != MADE and path.is_file() and not path.is_symlink():
            _link(path, home / path.name)
    space, process, job = spaces.space_of_user(made.job.owner), made.process, made.job
    product_id = f"{space}.{made.result.prefix}{spaces.split(source.id)[1]}"
    account = _provenance(made, source, product_id, at)
    (home / PROVENANCE).write_text(json.dumps(account, ensure_ascii=False, indent=1), encoding="utf-8")
    size, sha256 = file_facts(home / PROVENANCE)
    paper = Asset("provenance", AssetRole.METADATA, PROVENANCE, "", size, sha256)
    settings = ", ".join(f"{name} = {value}" for name, value in made.values.items())
    lineage = (
        f"{process.title.en} ({process.software}), from {source.id}@{source.version}"
        + (f", with {settings}" if settings else "")
        + f"; job {job.id}"
    )
    product = Product(
        product_id, datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y%m%d%H%M%S"), f"{space}.{made.result.type}", source.period, source.day,
        outline, footprint_boxes(outline), (*assets, paper), cloud, snow, source.platform, source.zone, at, f"job:{job.id}",
        {LINEAGE: lineage, "process": f"{process.id} {process.version}", "derived_from": f"{source.id}@{source.version}"}, space,
    )  # fmt: skip
    return product, home


def _provenance(made: Made, source: Product, product_id: str, at: Micros) -> dict[str, Any]:
    """PROV-JSON (W3C PROV): who ordered, what ran where and when, from what, to what."""
    job, process = made.job, made.process
    activity = {
        "prov:startTime": micros_text(job.started or job.created), "prov:endTime": micros_text(at), "hysope:process": f"{process.id} {process.version}",
        "hysope:software": process.software, "hysope:hysope": installed("hysope"), "hysope:inputs": json.dumps(made.values), "hysope:executor": job.executor,
        "hysope:backend": job.backend_ref, "hysope:node": job.node, "hysope:attempt": job.attempt,
    }  # fmt: skip
    inputs = {asset.key: asset.sha256 for asset in source.assets if asset.sha256}
    return {
        "prefix": {"hysope": "https://hysope.example/ns#"},
        "entity": {
            f"hysope:{source.id}@{source.version}": {"hysope:sha256": json.dumps(inputs)},
            f"hysope:{product_id}": {"prov:type": made.result.type},
        },
        "activity": {f"hysope:job-{job.id}": activity},
        "agent": {f"hysope:user-{job.owner}": {"prov:type": "prov:Person"}},
        "used": {
            "_:u": {
                "prov:activity": f"hysope:job-{job.id}",
                "prov:entity": f"hysope:{source.id}@{source.version}",
            }
        },
        "wasGeneratedBy": {
            "_:g": {"prov:entity": f"hysope:{product_id}", "prov:activity": f"hysope:job-{job.id}"}
        },
        "wasAssociatedWith": {
            "_:a": {"prov:activity": f"hysope:job-{job.id}", "prov:agent": f"hysope:user-{job.owner}"}
        },
        "wasDerivedFrom": {
            "_:d": {
                "prov:generatedEntity": f"hysope:{product_id}",
                "prov:usedEntity": f"hysope:{source.id}@{source.version}",
            }
        },
    }


def _link(source: Path, target: Path) -> None:
    source.chmod(0o644)  # the run's folder is private, the archive is read by others
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
