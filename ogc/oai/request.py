# SPDX-License-Identifier: Apache-2.0
"""The six verbs as frozen values; names and values are case-sensitive, an unknown or repeated argument is badArgument (OAI-PMH 2.0, 3.6)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from catalog.model.record import Change, Harvest
from catalog.model.time import Micros, micros
from ogc.http.fields import shown

PREFIXES = ("oai_dc", "iso19139")
_ARGUMENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "Identify": (frozenset(), frozenset()),
    "ListMetadataFormats": (frozenset(), frozenset({"identifier"})),
    "ListSets": (frozenset(), frozenset({"resumptionToken"})),
    "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset()),
    "ListIdentifiers": (
        frozenset({"metadataPrefix"}),
        frozenset({"from", "until", "set", "resumptionToken"}),
    ),
    "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set", "resumptionToken"})),
}
"""Of each verb, the arguments that it needs and that it may have; resumptionToken excludes all others."""
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z", re.ASCII)
_SECOND = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z\Z", re.ASCII)
_SET = re.compile(r"(collection|kind):([A-Za-z0-9._-]{1,200})\Z", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_=-]{4,1000}\Z", re.ASCII)


class OaiError(Exception):
    """An error of the protocol by its code; it travels with status 200 (3.6)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True)
class Asked:
    """A request with its arguments as they stood, for the answer's `request` element."""

    verb: str
    arguments: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """The metadata format."""
        return self.arguments.get("metadataPrefix", "")


@dataclass(frozen=True)
class Page:
    """A part of a list: what it is about, behind what it goes on, and how much went before. A resumption token holds all of it, so that the
    server keeps nothing, and every value in it is read as strictly as an argument.
    """

    prefix: str
    set: str
    start: str
    until: str
    after: tuple[Micros, str] | None = None
    done: int = 0
    size: int = 0

    def harvest(self) -> Harvest:
        """The changes that it is about. Raises OaiError."""
        start, end = _moment(self.start, "from"), _moment(self.until, "until")
        if start and end and start[2] != end[2]:
            raise OaiError("badArgument", "from and until have different granularities")
        if start and end and start[0] > end[0]:
            raise OaiError("badArgument", "from is later than until")
        collection = kind = ""
        if self.set:
            match = _SET.match(self.set)
            if match is None:
                raise OaiError("noRecordsMatch", f"there is no set {shown(self.set)}")
            collection, kind = (match[2], "") if match[1] == "collection" else ("", match[2])
        return Harvest((), start[0] if start else None, end[1] if end else None, collection, kind)

    def behind(self, last: Change, count: int, size: int) -> Page:
        """The next part."""
        return replace(self, after=(last.at, last.id), done=self.done + count, size=size)

    def token(self) -> str:
        """As a resumption token."""
        assert self.after
        parts = [
            self.prefix,
            self.set,
            self.start,
            self.until,
            self.after[0],
            self.after[1],
            self.done,
            self.size,
        ]
        return base64.urlsafe_b64encode(
            json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        ).decode()


def read_request(pairs: Sequence[tuple[str, str]]) -> Asked:
    """The request of argument pairs. Raises OaiError badVerb or badArgument."""
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise OaiError("badVerb", f"there is one verb: {', '.join(_ARGUMENTS)}")
    verb = verbs[0]
    required, optional = _ARGUMENTS[verb]
    arguments: dict[str, str] = {}
    for name, value in pairs:
        if name == "verb":
            continue
        if name in arguments or name not in required | optional:
            raise OaiError(
                "badArgument",
                f"{shown(name)} is {'repeated' if name in arguments else 'no argument of ' + verb}",
            )
        arguments[name] = value
    if "resumptionToken" in arguments:
        if len(arguments) > 1:
            raise OaiError("badArgument", "resumptionToken stands alone")
        return Asked(verb, arguments)
    missing = sorted(name for name in required if not arguments.get(name))
    if missing:
        raise OaiError("badArgument", f"{missing[0]} is missing")
    return Asked(verb, arguments)


def read_page(asked: Asked) -> Page:
    """The part of a list that is asked. Raises OaiError."""
    arguments = asked.arguments
    if "resumptionToken" in arguments:
        return _resumed(arguments["resumptionToken"])
    page = Page(asked.prefix, arguments.get("set", ""), arguments.get("from", ""), arguments.get("until", ""))
    for name in ("set", "from", "until"):
        if arguments.get(name) == "":
            raise OaiError("badArgument", f"{name} is empty")
    return page


def _resumed(text: str) -> Page:
    wrong = OaiError("badResumptionToken", "this resumption token is not one of ours")
    if not _TOKEN.match(text):
        raise wrong
    try:
        found = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, list) or [type(one) for one in found] != [
        str,
        str,
        str,
        str,
        int,
        str,
        int,
        int,
    ]:
        raise wrong
    prefix, of_set, start, until, at, last, done, size = found
    if prefix not in PREFIXES or not all(0 <= number < 2**62 for number in (at, done, size)):
        raise wrong
    if not last.isprintable():  # a store refuses NUL and lone surrogates
        raise wrong
    page = Page(prefix, of_set, start, until, (Micros(at), last), done, size)
    try:
        page.harvest()
    except OaiError as error:
        raise wrong from error
    return page


def _moment(text: str, name: str) -> tuple[Micros, Micros, str] | None:
    """A UTCdatetime of either granularity: its first moment, the one behind its last, and which granularity it is."""
    if not text:
        return None
    day, second = _DAY.match(text), _SECOND.match(text)
    match = day or second
    if match is None:
        raise OaiError("badArgument", f"{name}: {shown(text)} is neither YYYY-MM-DD nor YYYY-MM-DDThh:mm:ssZ")
    try:
        moment = datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        end = moment + (timedelta(days=1) if day else timedelta(seconds=1))
    except (ValueError, OverflowError) as error:
        raise OaiError("badArgument", f"{name}: there is no such time as {shown(text)}") from error
    return micros(moment), micros(end), "day" if day else "second"
