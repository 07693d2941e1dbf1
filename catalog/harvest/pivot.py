# SPDX-License-Identifier: Apache-2.0
"""The pivot documents of the observatories of Theia/OZCAR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.harvest.answers import json_object, senseless
from catalog.harvest.client import Client
from catalog.harvest.received import Received, Step
from catalog.model.time import Micros


@dataclass(frozen=True)
class PivotWalk:
    """The pivot document of an observatory of Theia/OZCAR: its datasets, each with its producer."""

    client: Client
    url: str
    incremental = False
    tells_gone = False

    def steps(self, since: Micros | None, cursor: str) -> Iterator[Step]:
        """One step."""
        page = json_object(self.client.get(self.url, "application/json").body, self.url)
        datasets = page.get("datasets")
        if not isinstance(datasets, list):
            raise senseless(self.url, "has no datasets")
        yield Step(
            tuple(self._received(one, page.get("producer")) for one in datasets if isinstance(one, dict)), ""
        )

    def _received(self, dataset: dict[str, Any], producer: Any) -> Received:
        name = producer.get("name") if isinstance(producer, dict) else ""
        observations = dataset.get("observations")
        stretches = [
            one["temporalExtent"]
            for one in (observations if isinstance(observations, list) else ())
            if isinstance(one, dict) and isinstance(one.get("temporalExtent"), dict)
        ]
        ends = [[str(one[name]) for one in stretches if one.get(name)] for name in ("dateBeg", "dateEnd")]
        temporal = [min(ends[0]), max(ends[1], default="..")] if ends[0] else None
        kept = {
            "datasetId": dataset.get("datasetId"),
            "producer": name,
            "temporal": temporal,
            "metadata": dataset.get("metadata"),
        }
        return Received(
            str(dataset.get("datasetId")), self.url, json.dumps(kept, ensure_ascii=False).encode()
        )
