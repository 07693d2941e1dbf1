# SPDX-License-Identifier: Apache-2.0
"""Key-value parameters: names in any case, the first of repeated ones wins (GDAL sends the user's before its own), unknown ones are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from catalog.model.faults import invalid, too_large
from config.limits import Limits

_CODED = re.compile(rb"[%+\x00]")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Kvp = Mapping[str, str]
"""Upper-case name to text."""


def read_kvp(query: bytes, limits: Limits) -> Kvp:
    """The parameters of a query string or a form. Raises Fault TOO_LARGE or INVALID before anything is decoded at length."""
    pairs = [pair for pair in query.split(b"&") if pair]
    if len(pairs) > limits.parameters:
        raise too_large(f"{len(pairs)} parameters", limits.parameters, "limits.parameters")
    out: dict[str, str] = {}
    if query.isascii() and not _CODED.search(query):  # most are, and it is a third of the time
        for text in query.decode("ascii").split("&"):
            if text:
                key, _, word = text.partition("=")
                out.setdefault(key.upper(), word)
        return out
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        out.setdefault(_decoded(name).upper(), _decoded(value))
    return out


def _decoded(raw: bytes) -> str:
    if _BROKEN_ESCAPE.search(raw):
        raise invalid("a parameter has a broken %-escape")
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid("a parameter is not UTF-8") from error
    if "\x00" in text:
        raise invalid("a parameter holds the character U+0000")
    return text
