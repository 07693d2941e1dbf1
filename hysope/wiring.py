# SPDX-License-Identifier: Apache-2.0
"""From settings to services: who needs whom stands here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.model.principal import OPERATOR
from catalog.service import Catalog, open_catalog
from config.collections import Registry
from config.problems import ConfigError, Place, Problem, did_you_mean
from config.registry import load_registry
from config.settings import Settings
from ogc.features import records
from ogc.maps.service import Maps
from ogc.wms.service import WmsService
from processes.model import Executor
from processes.service import Processes
from tiles.service import Tiles

if TYPE_CHECKING:
    from catalog.harvest.run import Harvester
    from catalog.ingest.batch import Ingest
    from catalog.objects import ObjectStore
    from ogc.hub.distributor import Distributor
    from processes.callbacks import Callbacks
    from processes.supervisor import Supervisor


@dataclass(frozen=True)
class Services:
    """Everything one process needs to answer."""

    settings: Settings
    catalog: Catalog
    tiles: Tiles
    maps: Maps
    wms: WmsService
    processes: Processes

    def close(self) -> None:
        """Closes the database."""
        self.catalog.close()


def wire(settings: Settings) -> Services:
    """The services of a settings tree; opens the store and brings its schema up to date."""
    catalog = wire_catalog(settings)
    tiles = Tiles(catalog, settings.limits, settings.server.pixel_cache_mb << 20)
    maps = Maps(catalog, tiles, settings)
    return Services(
        settings, catalog, tiles, maps, WmsService(catalog, maps, settings), Processes(catalog, settings)
    )


def wire_supervisor(settings: Settings, catalog: Catalog, processes: Processes) -> Supervisor:
    """The supervisor with the executor of the settings; loaded as the harvester is."""
    from processes.executors import pbs
    from processes.executors.local import LocalExecutor
    from processes.executors.slurm import Site, SlurmExecutor
    from processes.supervisor import Supervisor

    chosen = settings.processes
    executor: Executor
    if chosen.executor == "slurm":
        environment = {"PATH": chosen.path, "LANG": "C.UTF-8"}
        if chosen.slurm_conf:
            environment["SLURM_CONF"] = str(chosen.slurm_conf)
        executor = SlurmExecutor(Site(environment, chosen.partition, chosen.account, chosen.qos))
    elif chosen.executor == "pbs":
        environment = {"PATH": chosen.path, "LANG": "C.UTF-8"}
        if chosen.pbs_conf:
            environment["PBS_CONF_FILE"] = str(chosen.pbs_conf)
        executor = pbs.PbsExecutor(pbs.Site(environment, chosen.queue, chosen.account))
    else:
        executor = LocalExecutor()
    return Supervisor(catalog, processes, executor, settings)


def wire_callbacks(settings: Settings, catalog: Catalog, processes: Processes) -> Callbacks:
    """The sender of callbacks; loaded as the harvester is."""
    from ogc.processes.callbacks import CallbackDocuments
    from processes.callbacks import Callbacks

    return Callbacks(processes.queue, CallbackDocuments(processes, catalog, _public(settings)), settings)


def wire_distributor(settings: Settings, catalog: Catalog) -> Distributor:
    """The hub's sender; loaded as the harvester is."""
    from ogc.hub.distributor import Distributor

    return Distributor(catalog, settings, _public(settings))


def _public(settings: Settings) -> str:
    server = settings.server
    return server.public_url or f"http://{server.host}:{server.port}"


def checked_registry(settings: Settings) -> Registry:
    """The product types. Raises ConfigError for their faults, and for rights on a collection that there is not."""
    registry = load_registry(settings.product_types)
    ours = (*registry.collections, records.ID)
    taken = [f"features.{name}" for name in settings.features if name in ours]
    taken += [f"harvest.{name}" for name in settings.harvest if name in (*ours, *settings.features)]
    if taken:
        raise ConfigError(
            Problem(Place("settings"), name, "is the id of another collection") for name in taken
        )
    if settings.places and settings.places not in settings.features:
        told = did_you_mean(settings.places, settings.features)
        raise ConfigError([Problem(Place("settings"), "places", "is no collection of features", told)])
    known = (*registry.collections, *settings.features, *settings.harvest)
    unknown = [name for name in settings.access if name not in known]
    if unknown:
        raise ConfigError(
            Problem(Place("settings"), f"access.{name}", "is not a collection", did_you_mean(name, known))
            for name in unknown
        )
    return registry


def wire_catalog(settings: Settings) -> Catalog:
    """The catalogue alone."""
    return open_catalog(
        settings.database_url,
        checked_registry(settings),
        settings.limits,
        (settings.data / "archive").resolve(),
        settings.access,
        _objects(settings),
    )


def _objects(settings: Settings) -> ObjectStore | None:
    """The object storage of the archive, loaded where there is one."""
    if settings.archive.objects is None:
        return None
    from catalog.model.objects import ObjectError
    from catalog.objects import ObjectStore

    try:
        return ObjectStore(settings.archive.objects)
    except ObjectError as error:
        raise ConfigError([Problem(Place("settings"), "archive.objects", str(error))]) from error


def wire_harvester(settings: Settings, catalog: Catalog) -> Harvester:
    """The harvester of the sources of the settings; loaded here, because web workers do without it (and without ingest and supervisor: 17 MB)."""
    from catalog.harvest.run import Harvester

    return Harvester(catalog, settings.harvest, settings.limits)


def wire_ingest(settings: Settings, catalog: Catalog) -> Ingest:
    """The ingest of the one who runs commands on the machine; loaded as the harvester is."""
    from catalog.ingest.batch import Ingest

    return Ingest(catalog, settings.limits, OPERATOR, settings.ingest.policy)
