# SPDX-License-Identifier: Apache-2.0
"""The documents of OGC API Processes, as plain JSON values (18-062r2, clause 7 and annex A's schemas)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from catalog.model.product import Product
from catalog.model.time import Micros, day_text, micros_text
from catalog.service import Catalog
from config.chains import Process
from ogc.processes.schemas import oas30
from processes.campaign_table import Campaign, Item, ItemState
from processes.inputs import PRODUCTS, products_schema
from processes.model import Board, Event, Job, Phase
from processes.service import Given

_RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
_EXECUTE = "http://www.opengis.net/def/rel/ogc/1.0/execute"
_STALLED_SECONDS, _ENOUGH = 900, 10
_TITLES = {
    "processes": "Processes",
    "jobs": "Jobs",
    "campaigns": "Campaigns",
    "items": "Products of a campaign",
}
Document = dict[str, Any]


def process_list(processes: Sequence[Process], api: str, language: str, limit: int, offset: int) -> Document:
    """A page of the processes, summarised; one more than `limit` means that there is a next page."""
    rows = [_summary(process, api, language) for process in processes]
    return _page("processes", rows, f"{api}/processes", {}, limit, offset)


def description(process: Process, api: str, language: str) -> Document:
    """A process with its inputs and outputs."""
    inputs: Document = {}
    if process.selection:
        inputs[PRODUCTS] = {
            "title": process.selection.title.in_language(language), "schema": oas30(products_schema(process.selection)), "minOccurs": 1, "maxOccurs": 1,
        }  # fmt: skip
    for name, value in process.inputs.items():
        inputs[name] = {
            "title": value.title.in_language(language), "schema": oas30(value.schema_), "minOccurs": 1 if value.required else 0, "maxOccurs": 1,
        }  # fmt: skip
    return {**_summary(process, api, language), "inputs": inputs, "outputs": _outputs(process, language)}


def _outputs(process: Process, language: str) -> Document:
    if process.result:
        return {
            PRODUCTS: {
                "title": process.result.title.in_language(language), "description": f"published in your space, collection {process.result.type}",
                "schema": {"type": "array", "items": {"type": "object", "required": ["id", "collection"]}},
            }
        }  # fmt: skip
    out: Document = {}
    for name, output in process.outputs.items():
        schema = oas30(output.schema_)
        if output.file:
            schema = {"type": "string", "format": "binary", "contentMediaType": output.media_type, **schema}
        out[name] = {"title": output.title.in_language(language), "schema": schema}
    return out


def _summary(process: Process, api: str, language: str) -> Document:
    return {
        "id": process.id, "version": process.version, "title": process.title.in_language(language),
        "description": process.abstract.in_language(language), "keywords": [word.in_language(language) for word in process.keywords],
        "jobControlOptions": [*process.modes, "dismiss"], "outputTransmission": ["value"] if process.result else ["value", "reference"],
        "links": [
            _link(f"{api}/processes/{process.id}", "self", process.title.in_language(language)),
            _as_page(f"{api}/processes/{process.id}"),
            {**_link(f"{api}/processes/{process.id}/execution", _EXECUTE, "Order it"), "method": "POST"},
            {**_link(f"{api}/processes/{process.id}/estimate", "estimate", "What it would need"), "method": "POST"},
        ],
    }  # fmt: skip


def status_info(job: Job, api: str) -> Document:
    """statusInfo: where a job stands. The link to the results is there when they are."""
    here = f"{api}/jobs/{job.id}"
    out: Document = {
        "jobID": job.id, "processID": job.process, "type": "process", "status": job.phase.status, "message": job.message, "progress": job.progress,
        "created": micros_text(job.created), "updated": micros_text(job.updated),
        "links": [
            _link(here, "self", "This document"), _link(here, "monitor", "Status of the job"), _as_page(here),
            _link(f"{here}/log", "http://www.opengis.net/def/rel/ogc/1.0/log", "Log", "text/plain"),
        ],
    }  # fmt: skip
    if job.started is not None:
        out["started"] = micros_text(job.started)
    if job.finished is not None:
        out["finished"] = micros_text(job.finished)
    if job.campaign:
        out["links"].append(_link(f"{api}/campaigns/{job.campaign}", "up", "The campaign that it is of"))
    if job.expires is not None:
        out["expires"] = micros_text(job.expires)
    if job.phase is Phase.FAILED:
        out["exception"] = {
            "type": job.error_class,
            "title": job.error_class,
            "status": 500,
            "detail": job.error,
        }
    if job.phase is Phase.SUCCESSFUL:
        out["links"].append(_link(f"{here}/results", _RESULTS, "Results"))
    return out


def job_list(jobs: Sequence[Job], api: str, query: dict[str, str], limit: int, offset: int) -> Document:
    """A page of jobs; one more than `limit` means that there is a next page, which new jobs do not shift: it begins behind the last one."""
    document = _page(
        "jobs", [status_info(job, api) for job in jobs[:limit]], f"{api}/jobs", query, limit, offset
    )
    if len(jobs) > limit:
        last = jobs[limit - 1]
        following = urlencode({**query, "limit": str(limit), "token": f"{last.created}-{last.id}"})
        document["links"].append(_link(f"{api}/jobs?{following}", "next", "The next page"))
    return document


def results(products: Sequence[Product], catalog: Catalog, base_url: str) -> Document:
    """The output `products`: each with the ways to it."""
    return {PRODUCTS: [_product(product, catalog, base_url) for product in products]}


def values(found: Sequence[Given], job: Job, api: str, wanted: Mapping[str, bool]) -> Document:
    """The outputs that are no products; `wanted` says of each whether it is given by reference. A file is one always."""
    out: Document = {}
    for one in found:
        if wanted and one.name not in wanted:
            continue
        if one.file is not None or wanted.get(one.name):
            out[one.name] = {
                "href": f"{api}/jobs/{job.id}/results/{one.name}", "type": one.output.media_type, "title": one.output.title.en,
            }  # fmt: skip
        else:
            out[one.name] = _inline(one)
    return out


def _inline(one: Given) -> Any:
    """A value as it stands in a document: an object is one only in its envelope (inlineOrRefData.yaml), but for a box, and one that has an envelope."""
    if isinstance(one.value, dict) and not {"bbox", "value"} & one.value.keys():
        return {"value": one.value, "mediaType": one.output.media_type}
    return one.value


def estimate(process: Process, products: int) -> Document:
    """What an order would need, without running it."""
    needs = process.resources
    return {
        "processID": process.id, "products": products, "cpus": needs.cpus, "memoryMB": needs.memory_mb, "walltimeMinutes": needs.walltime(products),
        "cpuMinutes": needs.cpus * needs.walltime(products),
    }  # fmt: skip


def campaign(one: Campaign, api: str) -> Document:
    """How a campaign stands, with the ways to go on."""
    here = f"{api}/campaigns/{one.id}"
    acts = [
        {**_link(f"{here}/{act}", act, title), "method": "POST"}
        for act, title in (("pause", "Order nothing more for now"), ("resume", "Go on"), ("retry", "Order again what failed"))
    ]  # fmt: skip
    return {
        "id": one.id, "title": one.title, "processID": one.process, "status": one.state.value, "atOnce": one.at_once,
        "products": sum(one.counts.values()), "counts": {state.value: one.counts.get(state, 0) for state in ItemState},
        "created": micros_text(one.created), "updated": micros_text(one.updated),
        "links": [_link(here, "self", "This document"), _link(f"{here}/items", "items", "Its products"), *acts],
    }  # fmt: skip


def campaign_list(found: Sequence[Campaign], api: str, limit: int, offset: int) -> Document:
    """A page of campaigns."""
    return _page("campaigns", [campaign(one, api) for one in found], f"{api}/campaigns", {}, limit, offset)


def campaign_items(
    found: Sequence[Item], here: str, api: str, query: dict[str, str], limit: int, offset: int
) -> Document:
    """A page of the products of a campaign."""
    rows = []
    for one in found:
        row: Document = {
            "product": one.product,
            "status": one.state.value,
            "attempt": one.attempt,
            "message": one.message,
        }
        if one.job:
            row |= {"jobID": one.job, "links": [_link(f"{api}/jobs/{one.job}", "monitor", "Its job")]}
        rows.append(row)
    return _page("items", rows, here, query, limit, offset)


def _page(
    name: str, rows: list[Document], here: str, query: dict[str, str], limit: int, offset: int
) -> Document:
    """Rows, of which one more than `limit` means that there is a next page."""
    shown = f"{here}?{urlencode(query)}" if query else here
    page = f"{here}?{urlencode({**query, 'f': 'html'})}"
    links = [
        _link(shown, "self", "This document"),
        _link(page, "alternate", "This document as a page", "text/html"),
    ]
    if len(rows) > limit:
        following = urlencode({**query, "limit": str(limit), "offset": str(offset + limit)})
        links.append(_link(f"{here}?{following}", "next", "The next page"))
    return {"title": _TITLES[name], name: rows[:limit], "links": links}


def _as_page(here: str) -> Document:
    return _link(f"{here}?f=html", "alternate", "This document as a page", "text/html")


def board(found: Board, at: Micros) -> Document:
    """How production stands, and what an operator should look at."""
    waits = (at - found.oldest_waiting) / 1e6 if found.oldest_waiting else 0.0
    running = sum(found.unfinished.get(phase, 0) for phase in (Phase.RUNNING, Phase.STORING))
    alerts = []
    if not found.supervised and found.unfinished:
        alerts.append("no supervisor works: jobs wait for one (hysope supervisor)")
    elif waits > _STALLED_SECONDS and not running:
        alerts.append(
            f"the queue stands still: the oldest job waits since {waits / 60:.0f} minutes and nothing runs"
        )
    failed, ended = found.finished.get(Phase.FAILED, 0), sum(found.finished.values())
    if ended >= _ENOUGH and failed * 2 > ended:
        alerts.append(f"{failed} of {ended} jobs of the last day failed")
    return {
        "unfinished": {phase.value: count for phase, count in found.unfinished.items()}, "oldestWaitingSeconds": round(waits),
        "endedLastDay": {phase.value: count for phase, count in found.finished.items()}, "failuresLastDay": dict(found.failures),
        "meanMinutes": round(found.minutes, 2), "endedByHour": list(found.hours), "owners": dict(found.owners), "supervised": found.supervised,
        "alerts": alerts,
    }  # fmt: skip


def events(found: Sequence[Event]) -> Document:
    """What happened to a job, in order."""
    return {
        "events": [
            {"time": micros_text(event.at), "phase": event.phase, "message": event.message} for event in found
        ]
    }


def _product(product: Product, catalog: Catalog, base_url: str) -> Document:
    kind = catalog.kind_of(product.collection)
    record = urlencode(
        {
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecordById",
            "id": product.id,
            "elementSetName": "full",
        }
    )
    layer = urlencode({"service": "WMS", "version": "1.3.0", "request": "GetCapabilities"})
    return {
        "id": product.id, "version": product.version, "collection": product.collection, "title": kind.title.en if kind else product.collection,
        "date": day_text(product.day), "bbox": [
            min(box.west for box in product.boxes), min(box.south for box in product.boxes),
            max(box.east for box in product.boxes), max(box.north for box in product.boxes),
        ],
        "derived_from": product.quality.get("derived_from", ""),
        "links": [
            {"href": f"{base_url}/wms?{layer}", "rel": "wms", "type": "text/xml", "wms:layers": [product.collection], "title": "WMS layer"},
            _link(f"{base_url}/csw?{record}", "describedby", "Catalogue record", "application/xml"),
        ],
    }  # fmt: skip


def _link(href: str, rel: str, title: str, media_type: str = "application/json") -> Document:
    return {"href": href, "rel": rel, "type": media_type, "title": title}
