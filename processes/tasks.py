# SPDX-License-Identifier: Apache-2.0
"""What a node is told of a job (`task.json`), and what the executor is told to start there: paths, numbers and addresses, nothing of the database or of a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.model.objects import ObjectError
from catalog.model.principal import OPERATOR, Deadline
from catalog.model.product import Asset, Product
from catalog.service import Catalog
from config.chains import Process
from config.product_types import ProductType
from config.settings import Settings
from processes.model import Job, RunSpec
from processes.service import site


class Tasks:
    """Makes the tasks of one site."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings
        self._environment = _environment(settings)

    def task(self, job: Job, process: Process, folder: Path) -> tuple[dict[str, Any], list[Product]]:
        """A job's task, and the products that it reads. Raises Fault UNKNOWN_PRODUCT, and ObjectError where a file is in object storage that cannot be asked."""
        order = json.loads(job.request)
        deadline = Deadline.after(self._settings.limits.search_seconds)
        sources = [self._catalog.product(name, OPERATOR, deadline) for name in order["products"]]
        bands: tuple[str, ...] = ()
        if process.selection:
            bands = (*process.selection.bands, *process.selection.optional_bands)
        kind = self._catalog.registry.types[process.result.type] if process.result else None
        ground = site(process, self._settings)
        task = {
            "job": job.id, "attempt": job.attempt, "process": process.id, "run": process.run.model_dump(mode="json"), "values": {**order["values"], **ground},
            "outputs": {name: output.file for name, output in process.outputs.items()},
            "kind": kind.model_dump(mode="json") if kind else None, "items": [self._item(source, bands, ground, folder) for source in sources],
        }  # fmt: skip
        return task, sources

    def _item(
        self, product: Product, bands: tuple[str, ...], ground: Mapping[str, str], folder: Path
    ) -> dict[str, Any]:
        files = {}
        every = tuple(band for asset in product.assets if asset.grid for band in asset.bands)
        for band in bands or every:
            asset = product.asset_of(band)
            if asset is not None:
                files[band] = {
                    **self._place(asset, folder), "index": asset.bands[band], "scale": asset.scale, "offset": asset.offset,
                    "nodata": list(asset.nodata),
                }  # fmt: skip
        kind = self._catalog.kind_of(product.collection)
        rule = kind.cloudy if isinstance(kind, ProductType) else None
        cloudy: dict[str, Any] = {"cloudy": rule.model_dump(mode="json")} if rule else {}
        cloudy |= {"angles": product.angles} if product.angles else {}
        return {
            "id": product.id, "version": product.version, "day": product.day, "bands": files, **ground, **cloudy,
        }  # fmt: skip

    def _place(self, asset: Asset, folder: Path) -> dict[str, Any]:
        """Where the node finds a file; one of the object storage it fetches into its folder, by an address that is good for a time."""
        if not asset.in_bucket:
            return {"path": str(self._catalog.archive / asset.path)}
        if self._catalog.objects is None:
            raise ObjectError(f"{asset.path} lies in object storage, and the settings have none")
        address = self._catalog.objects.signed(asset.path)
        return {"path": str(folder / "inputs" / asset.path), "href": address, "bytes": asset.bytes}

    def spec(self, job: Job, process: Process, folder: Path, products: int) -> RunSpec:
        """What the executor starts for an attempt."""
        needs, python = process.resources, str(self._settings.processes.python or sys.executable)
        argv = (python, "-P", "-m", "processes.runner", str(folder))
        environment = {
            **self._environment,
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "OMP_NUM_THREADS": str(needs.cpus),
        }
        environment["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = str(needs.cpus)
        return RunSpec(
            job.id,
            job.attempt,
            folder,
            argv,
            environment,
            needs.cpus,
            needs.memory_mb,
            needs.walltime(products),
        )


def _environment(settings: Settings) -> dict[str, str]:
    """What runs see: no secret, nothing of the server's."""
    out = {"PATH": settings.processes.path, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    if settings.processes.slurm_conf:
        out["SLURM_CONF"] = str(settings.processes.slurm_conf)
    if settings.processes.pbs_conf:
        out["PBS_CONF_FILE"] = str(settings.processes.pbs_conf)
    return out
