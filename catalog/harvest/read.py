# SPDX-License-Identifier: Apache-2.0
"""A received document to a record, by its content: no source is believed to send what its protocol promises."""

from __future__ import annotations

import json

from lxml import etree

from catalog.harvest import capabilities, dublincore, features, iso
from catalog.harvest.neutral import Draft, Origin, record_of
from catalog.model.faults import Fault, Kind
from catalog.model.record import Record
from catalog.xml.parse import parse

_ISO = frozenset({"MD_Metadata", "MI_Metadata", "CHE_MD_Metadata"})
_DC = frozenset({"Record", "dc", "SummaryRecord", "BriefRecord"})


def read_record(origin: Origin, limit: int) -> Record:
    """The record of a document of at most `limit` bytes. Raises Fault INVALID or TOO_LARGE with the reason."""
    return record_of(_draft(origin.original, limit), origin)


def _draft(body: bytes, limit: int) -> Draft:
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return _json(body)
    root = parse(body, limit)
    name = etree.QName(root).localname
    if name in _ISO:
        return iso.read(root)
    if name == capabilities.ENTRY:
        return capabilities.read(root)
    if name in _DC:
        return dublincore.read(root)
    inner = next((one for one in root.iter("{*}MD_Metadata", "{*}MI_Metadata")), None)
    if inner is not None:
        return iso.read(inner)
    raise Fault(Kind.INVALID, f"a document of {name[:60]!r} is in no form that is read")


def _json(body: bytes) -> Draft:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault(Kind.INVALID, "is not JSON") from error
    if not isinstance(found, dict):
        raise Fault(Kind.INVALID, "is no JSON object")
    return features.read(found)
