# SPDX-License-Identifier: Apache-2.0
"""What a subscriber is sent (18-062r2, clause 7.11.5): the results of a job that succeeded, else its status."""

from __future__ import annotations

import json

from catalog.model.principal import Principal, Role
from catalog.service import Catalog
from ogc.processes import documents
from processes.model import Callback, Told
from processes.service import Processes


class CallbackDocuments:
    """Makes the body of each callback, as the owner of the job sees it. `base_url` is the public address."""

    def __init__(self, processes: Processes, catalog: Catalog, base_url: str) -> None:
        self._processes, self._catalog, self._base_url = processes, catalog, base_url

    def __call__(self, callback: Callback) -> bytes:
        """JSON. Raises Fault where the results are not there any more."""
        job, api = callback.job, f"{self._base_url}/ogcapi"
        if callback.event is not Told.SUCCESSFUL:
            return json.dumps(documents.status_info(job, api), ensure_ascii=False).encode()
        who = Principal(job.owner, Role.USER, frozenset(job.groups))
        process = self._catalog.registry.processes.get(job.process)
        if process is None or process.result:
            found = documents.results(self._processes.results(job.id, who), self._catalog, self._base_url)
        else:
            found = documents.values(self._processes.outputs(job.id, who), job, api, {})
        return json.dumps(found, ensure_ascii=False, default=str).encode()
