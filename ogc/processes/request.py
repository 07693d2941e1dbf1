# SPDX-License-Identifier: Apache-2.0
"""Bodies, preferences and parameters of OGC API Processes, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from catalog.model.faults import Fault, Kind, invalid
from catalog.model.time import Micros
from ogc.filter.values import read_period
from ogc.http.fields import integer, shown
from ogc.http.problem import read_json
from processes.model import JobFilter, Phase, Subscriber, Told

_STATUSES = ("accepted", "running", "successful", "failed", "dismissed")
JOB_FILTERS = ("status", "processID", "type", "datetime", "minDuration", "maxDuration")
_JOB_PARAMETERS = frozenset({"f", "limit", "offset", "token", *JOB_FILTERS})
_TOKEN = re.compile(r"([0-9]{1,17})-([A-Za-z0-9-]{1,64})\Z", re.ASCII)
_MOST_PROCESSES = 100
_LONGEST_S = 1_000_000_000
_MOST_JOBS = 1_000
_LONGEST_TITLE = 200
_IDEMPOTENCY = re.compile(r"[!-~]{1,128}\Z", re.ASCII)
_URIS = {"successUri": Told.SUCCESSFUL, "inProgressUri": Told.RUNNING, "failedUri": Told.FAILED}
_ADDRESS = re.compile(r"https?://[a-zA-Z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,2000}\Z", re.ASCII)
_WAIT = re.compile(r"wait=([0-9]{1,6})\Z")


@dataclass(frozen=True)
class Execute:
    """An order as it was sent: the values of the inputs are read later, against the process."""

    inputs: Mapping[str, Any]
    raw: bool
    outputs: Mapping[str, bool]
    """The outputs that are wanted, and whether by reference; all of them when empty."""
    subscriber: Subscriber = field(default_factory=dict)


@dataclass(frozen=True)
class Prefer:
    """What the client would like (RFC 7240): `respond-async`, `wait`. Unknown preferences mean nothing."""

    asynchronous: bool
    wait: int | None


@dataclass(frozen=True)
class JobQuery:
    """Which jobs, and which page of them."""

    wanted: JobFilter
    limit: int
    offset: int


def read_execute(body: bytes) -> Execute:
    """An execute request (18-062r2, clause 7.11). Raises Fault INVALID."""
    document = read_json(body) if body.strip() else {}
    if not isinstance(document, dict):
        raise invalid("an execute request is a JSON object")
    inputs, outputs, response = (
        document.get("inputs", {}),
        document.get("outputs"),
        document.get("response", "document"),
    )
    known = {"inputs", "outputs", "response", "subscriber"}
    if not document.keys() <= known:
        name = next(key for key in document if key not in known)
        raise Fault(
            Kind.INVALID, f"{shown(name)} is not a member of an execute request", shown(name).strip("'")
        )
    if not isinstance(inputs, dict):
        raise Fault(Kind.INVALID, "inputs is an object", "inputs")
    if response not in ("raw", "document"):
        raise Fault(Kind.INVALID, "response is raw or document", "response")
    return Execute(inputs, response == "raw", _wanted(outputs), _subscriber(document.get("subscriber")))


@dataclass(frozen=True)
class Begin:
    """A campaign as it was sent."""

    inputs: Mapping[str, Any]
    title: str
    at_once: int


def read_campaign(body: bytes) -> Begin:
    """`{"inputs": …, "title": …, "atOnce": 4}`. Raises Fault INVALID."""
    document = read_json(body)
    if not isinstance(document, dict) or not document.keys() <= {"inputs", "title", "atOnce"}:
        raise invalid("a campaign is an object of inputs, title and atOnce")
    inputs, title, at_once = document.get("inputs", {}), document.get("title", ""), document.get("atOnce", 4)
    if not isinstance(inputs, dict):
        raise Fault(Kind.INVALID, "inputs is an object", "inputs")
    if not isinstance(title, str) or len(title) > _LONGEST_TITLE:
        raise Fault(Kind.INVALID, f"title is a text of at most {_LONGEST_TITLE} letters", "title")
    if type(at_once) is not int or not 1 <= at_once <= _MOST_JOBS:
        raise Fault(Kind.INVALID, f"atOnce is a number from 1 to {_MOST_JOBS}", "atOnce")
    return Begin(inputs, title, at_once)


def read_page(parameters: Mapping[str, str], more: Sequence[str] = ()) -> tuple[int, int]:
    """`limit` and `offset`. Raises Fault INVALID, for another parameter too."""
    for name in parameters:
        if name not in ("limit", "offset", *more):
            raise Fault(Kind.INVALID, f"{shown(name)} is not a parameter", name[:60])
    return _number(parameters, "limit", 20, 1, _MOST_JOBS), _number(parameters, "offset", 0, 0, 1_000_000)


def _subscriber(told: Any) -> dict[Told, str]:
    """`{"successUri": …, "inProgressUri": …, "failedUri": …}` (18-062r2, clause 7.11.5); the first is required. Raises Fault INVALID."""
    if told is None:
        return {}
    if not isinstance(told, dict) or not told.keys() <= _URIS.keys() or "successUri" not in told:
        raise Fault(
            Kind.INVALID, f"a subscriber has successUri, and may have {', '.join(_URIS)}", "subscriber"
        )
    return {_URIS[name]: _address(url, name) for name, url in told.items()}


def _address(url: Any, name: str) -> str:
    """An address of http or https without a credential; where it leads is judged when it is called."""
    try:
        parts = urlsplit(url) if isinstance(url, str) and _ADDRESS.match(url) else None
    except ValueError:  # a bracket that is not closed
        parts = None
    if parts is None or not parts.hostname or "@" in parts.netloc:
        raise Fault(
            Kind.INVALID, f"{name} is an address of http or https without a password", f"subscriber.{name}"
        )
    return str(url)


def _wanted(outputs: Any) -> dict[str, bool]:
    """`{"name": {"transmissionMode": "value" | "reference"}}` (18-062r2, clause 7.11.2.4). Raises Fault INVALID."""
    if outputs is None:
        return {}
    if not isinstance(outputs, dict):
        raise Fault(Kind.INVALID, "outputs is an object", "outputs")
    out = {}
    for name, how in outputs.items():
        mode = how.get("transmissionMode", "value") if isinstance(how, dict) else None
        if mode not in ("value", "reference"):
            raise Fault(Kind.INVALID, f"outputs: {shown(name)} is given by value or by reference", "outputs")
        out[name] = mode == "reference"
    return out


def read_idempotency(header: str | None) -> str:
    """The Idempotency-Key header: 1 to 128 visible characters. Raises Fault INVALID."""
    if header is None:
        return ""
    if not _IDEMPOTENCY.match(header):
        raise Fault(Kind.INVALID, "Idempotency-Key is 1 to 128 visible characters", "Idempotency-Key")
    return header


def read_prefer(headers: Sequence[str]) -> Prefer:
    """The Prefer headers: tokens in any case, separated by commas or semicolons."""
    tokens = [token.strip().lower() for header in headers for token in re.split("[,;]", header)]
    waits = [int(match[1]) for token in tokens if (match := _WAIT.match(token))]
    return Prefer("respond-async" in tokens, waits[0] if waits else None)


def read_list_query(parameters: Mapping[str, str]) -> tuple[int, int]:
    """Limit and offset of the process list. Raises Fault INVALID."""
    for name in parameters:
        if name not in ("f", "limit", "offset"):
            raise Fault(
                Kind.INVALID, f"{shown(name)} is not a parameter; there are f, limit, offset", name[:60]
            )
    limit = _number(parameters, "limit", _MOST_PROCESSES, 1, _MOST_PROCESSES)
    return limit, _number(parameters, "offset", 0, 0, 1_000_000)


def read_job_query(parameters: Mapping[str, str]) -> JobQuery:
    """The parameters of the job list; one that is not there in the standard is refused (17-069r4, requirement on unknown parameters)."""
    for name in parameters:
        if name not in _JOB_PARAMETERS:
            raise Fault(
                Kind.INVALID,
                f"{shown(name)} is not a parameter; there are {', '.join(sorted(_JOB_PARAMETERS))}",
                name[:60],
            )
    statuses = tuple(part for part in parameters.get("status", "").split(",") if part)
    for name in statuses:
        if name not in _STATUSES:
            raise Fault(
                Kind.INVALID, f"{shown(name)} is not a status; there are {', '.join(_STATUSES)}", "status"
            )
    if parameters.get("type", "process") != "process":
        raise Fault(Kind.INVALID, "type: all jobs here are of the type process", "type")
    wanted = JobFilter(
        tuple(phase for phase in Phase if phase.status in statuses),
        tuple(part for part in parameters.get("processID", "").split(",") if part),
        read_period(parameters["datetime"]) if "datetime" in parameters else None,
        _seconds(parameters, "minDuration"), _seconds(parameters, "maxDuration"), _behind(parameters.get("token", "")),
    )  # fmt: skip
    return JobQuery(
        wanted,
        _number(parameters, "limit", 20, 1, _MOST_JOBS),
        _number(parameters, "offset", 0, 0, 1_000_000),
    )


def _behind(token: str) -> tuple[Micros, str] | None:
    """The job that the page before ended with."""
    if not token:
        return None
    match = _TOKEN.match(token)
    if match is None:
        raise Fault(Kind.INVALID, "the token is not one of ours", "token")
    return Micros(int(match[1])), match[2]


def _seconds(parameters: Mapping[str, str], name: str) -> int | None:
    return _number(parameters, name, 0, 0, _LONGEST_S) if name in parameters else None


def _number(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    if name not in parameters:
        return default
    try:
        value = integer(parameters[name])
    except Fault as fault:
        raise Fault(fault.kind, f"{name}: {fault.text}", name) from fault
    if value < least:
        raise Fault(Kind.INVALID, f"{name}: {value} is less than {least}", name)
    return min(value, most)


def read_audience(body: bytes) -> str:
    """`{"audience": "private" | "official" | "g.<group>"}`. Raises Fault INVALID."""
    document = read_json(body)
    found = document.get("audience") if isinstance(document, dict) else None
    if not isinstance(found, str) or len(found) > 100:
        raise Fault(
            Kind.INVALID, 'the body is {"audience": "private"}, "official", or "g." and a group', "audience"
        )
    return found
