# SPDX-License-Identifier: Apache-2.0
"""A received document to a record, by its content: no source is believed to send what its protocol promises."""

from __future__ import annotations

import json
from dataclasses import replace

from lxml import etree

from catalog.harvest import capabilities, dublincore, features, iso
from catalog.harvest.neutral import Draft, Origin, record_of
from catalog.model.faults import Fault, Kind
from catalog.model.record import Record
from catalog.xml.parse import parse

_ISO = frozenset({"MD_Metadata", "MI_Metadata", "CHE_MD_Metadata"})
_DC = frozenset({"Record", "dc", "SummaryRecord", "BriefRecord"})
_KNOWN = _ISO | _DC | {capabilities.ENTRY}


def read_record(origin: Origin, limit: int) -> Record:
    """The record of a document of at most `limit` bytes. Raises Fault INVALID or TOO_LARGE with the reason.

    Of an ISO document inside another one, as folders hold answers of a CSW, the inner one is the original: it is what harvesters of ours can read.
    """
    body = origin.original
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return record_of(_json(body), origin)
    root = parse(body, limit)
    inner = next(root.iter("{*}MD_Metadata", "{*}MI_Metadata"), None)
    if etree.QName(root).localname in _KNOWN or inner is None:
        return record_of(_draft(root), origin)
    alone = etree.tostring(inner, xml_declaration=True, encoding="UTF-8", with_tail=False)
    return record_of(iso.read(inner), replace(origin, original=alone))


def _draft(root: etree._Element) -> Draft:
    name = etree.QName(root).localname
    if name in _ISO:
        return iso.read(root)
    if name == capabilities.ENTRY:
        return capabilities.read(root)
    if name in _DC:
        return dublincore.read(root)
    raise Fault(Kind.INVALID, f"a document of {name[:60]!r} is in no form that is read")


def _json(body: bytes) -> Draft:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault(Kind.INVALID, "is not JSON") from error
    if not isinstance(found, dict):
        raise Fault(Kind.INVALID, "is no JSON object")
    return features.read(found)
