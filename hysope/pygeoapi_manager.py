# SPDX-License-Identifier: Apache-2.0
"""A process manager for a stock pygeoapi: its `/processes` and `/jobs` then order from our engine, whose supervisor runs the jobs.

In pygeoapi's configuration:

    server:
      manager:
        name: hysope.pygeoapi_manager.Manager
        config: hysope.yaml        # as for `hysope serve`
        owner: pygeoapi            # whose jobs these are
        url: https://maps.example  # the address of Hysope's own doors, for links to results

pygeoapi knows no callers, so all jobs have one owner. Without `Prefer: respond-async` an order is waited for.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from pygeoapi.process.base import (
    BaseProcessor,
    JobNotFoundError,
    JobResultNotFoundError,
    ProcessorExecuteError,
)
from pygeoapi.process.manager.base import BaseManager
from pygeoapi.util import JobStatus, RequestedProcessExecutionMode

from catalog.model.faults import Fault
from catalog.model.principal import Principal, Role
from catalog.model.time import micros_text
from config.load import load
from hysope.wiring import wire_catalog
from ogc.processes import documents
from processes.inputs import PRODUCTS
from processes.model import Job, JobFilter, Phase
from processes.service import Processes

_LOOK_SECONDS = 0.1
_JSON = "application/json"


class _Refused(ProcessorExecuteError):  # type: ignore[misc]
    """An order that is wrong."""

    http_status_code = 400
    ogc_exception_code = "InvalidParameterValue"


class Manager(BaseManager):  # type: ignore[misc]
    """Everything that pygeoapi asks of a manager, over our queue."""

    def __init__(self, manager_def: dict[str, Any]) -> None:
        super().__init__(manager_def)
        file = manager_def.get("config")
        self._settings = load(Path(file) if file else None, os.environ).settings
        self._catalog = wire_catalog(self._settings)
        self._offered = Processes(self._catalog, self._settings)
        self._who = Principal(str(manager_def.get("owner", "pygeoapi")), Role.USER)
        self._base = str(manager_def.get("url") or self._settings.server.public_url or "").rstrip("/")
        self.is_async, self.supports_subscribing = True, False
        self.processes = OrderedDict((one.id, {"type": "process"}) for one in self._offered.offered())

    def get_processor(self, process_id: str) -> BaseProcessor:
        """A processor that describes a process and runs nothing itself. Raises Fault for one that is not offered."""
        about = documents.description(self._offered.process(process_id), f"{self._base}/ogcapi", "en")
        return BaseProcessor({"name": "hysope"}, {**about, "links": []})

    def get_jobs(
        self, status: JobStatus | None = None, limit: int | None = None, offset: int | None = None
    ) -> dict[str, Any]:
        """The jobs of the owner, the newest first; those beyond the page are counted as one more."""
        wanted = tuple(phase for phase in Phase if status is not None and phase.status == status.value)
        most, first = limit or 10, offset or 0
        found = self._offered.jobs(self._who, JobFilter(wanted), most + 1, first)
        return {"jobs": [self._told(job) for job in found[:most]], "numberMatched": first + len(found)}

    def get_job(self, job_id: str) -> dict[str, Any]:
        """A job. Raises JobNotFoundError."""
        return self._told(self._job(job_id))

    def get_job_result(self, job_id: str) -> tuple[str, Any]:
        """Media type and value: the products, or the outputs; one output as it is. Raises JobNotFoundError, JobResultNotFoundError."""
        job = self._job(job_id)
        process = self._catalog.registry.processes.get(job.process)
        try:
            if process is None or process.result:
                found = documents.results(self._offered.results(job.id, self._who), self._catalog, self._base)
                return _JSON, found[PRODUCTS]
            given = self._offered.outputs(job.id, self._who)
        except Fault as fault:
            raise JobResultNotFoundError(fault.text) from fault
        if len(given) == 1 and given[0].file is not None:
            return given[0].output.media_type, given[0].file.read_bytes()
        if len(given) == 1:
            return _JSON, given[0].value
        return _JSON, documents.values(given, job, f"{self._base}/ogcapi", {})

    def delete_job(self, job_id: str) -> bool:
        """Ends or forgets a job. Raises JobNotFoundError."""
        self._offered.dismiss(self._job(job_id).id, self._who)
        return True

    def execute_process(
        self,
        process_id: str,
        data_dict: dict[str, Any],
        execution_mode: RequestedProcessExecutionMode | None = None,
        requested_outputs: dict[str, Any] | None = None,
        subscriber: Any = None,
        requested_response: str | None = None,
    ) -> tuple[str, str, Any, JobStatus, dict[str, str]]:
        """Orders, and waits unless the client would rather not, or the process is never waited for. Raises ProcessorExecuteError with what was wrong."""
        try:
            job = self._offered.execute(process_id, data_dict, self._who)
            quick = "sync-execute" in self._offered.process(process_id).modes
        except Fault as fault:
            raise _Refused(user_msg=fault.text) from fault
        if execution_mode == RequestedProcessExecutionMode.respond_async or not quick:
            return job.id, _JSON, None, JobStatus.accepted, {"Preference-Applied": "respond-async"}
        until = time.monotonic() + self._settings.processes.sync_seconds
        while not job.phase.final and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
            job = self._job(job.id)
        if not job.phase.final:
            return job.id, _JSON, None, JobStatus.accepted, {"Preference-Applied": "respond-async"}
        if job.phase is not Phase.SUCCESSFUL:
            return job.id, _JSON, {"code": job.error_class, "description": job.error}, JobStatus.failed, {}
        media_type, value = self.get_job_result(job.id)
        return job.id, media_type, value, JobStatus.successful, {}

    def _job(self, job_id: str) -> Job:
        try:
            return self._offered.job(job_id, self._who)
        except Fault as fault:
            raise JobNotFoundError(fault.text) from fault

    def _told(self, job: Job) -> dict[str, Any]:
        """A job in pygeoapi's words."""
        return {
            "type": "process", "identifier": job.id, "process_id": job.process, "status": job.phase.status, "message": job.message,
            "progress": job.progress, "created": micros_text(job.created), "started": micros_text(job.started or job.created),
            "finished": micros_text(job.finished) if job.finished else None, "updated": micros_text(job.updated), "mimetype": _JSON, "location": None,
            "parameters": None,
        }  # fmt: skip
