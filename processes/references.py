# SPDX-License-Identifier: Apache-2.0
"""Inputs by reference (18-062r2, clause 7.11.2.3): fetched by the guarded client when the order comes, so that the job runs on what was checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalog.harvest.client import Client, Rules
from catalog.model.faults import Fault, Kind
from config.settings import Settings

_MEMBERS = frozenset({"href", "rel", "type", "hreflang", "title"})
_SECONDS, _WHOLE = 10.0, 30.0
_LONGEST = 2_000


def resolved(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The inputs, each reference replaced by what it leads to. Raises Fault INVALID with the input as the locator."""
    return {
        name: _fetched(name, value, settings) if isinstance(value, dict) and "href" in value else value
        for name, value in inputs.items()
    }


def _fetched(name: str, link: dict[str, Any], settings: Settings) -> Any:
    href, wanted = link["href"], link.get("type", "application/json")
    if not link.keys() <= _MEMBERS or not isinstance(href, str) or len(href) > _LONGEST:
        raise _fault(name, "a reference has href, and may have type")
    if not isinstance(wanted, str) or not (_is_json(wanted) or wanted == "text/plain"):
        raise _fault(name, "what is referred to is JSON or plain text")
    rules = Rules(
        settings.processes.reference_private, settings.limits.reference_bytes, _SECONDS, _WHOLE, 0.0,
        allowed_by="processes.reference_private", bound_by="limits.reference_bytes",
    )  # fmt: skip
    try:
        answer = Client(href, rules, wait=lambda _: None).get(href, wanted)
    except Fault as fault:
        raise _fault(name, fault.text) from fault
    try:
        text = answer.body.decode("utf-8")
        return text if wanted == "text/plain" else json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise _fault(name, f"{href[:200]} is no {wanted[:60]}") from error


def _is_json(media_type: str) -> bool:
    plain = media_type.split(";")[0].strip().lower()
    return plain == "application/json" or (plain.startswith("application/") and plain.endswith("+json"))


def _refused(text: str) -> float:
    raise ValueError(text)


def _fault(name: str, text: str) -> Fault:
    return Fault(Kind.INVALID, f"the input {name[:60]}: {text}", name[:60])
