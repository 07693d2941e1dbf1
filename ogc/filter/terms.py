# SPDX-License-Identifier: Apache-2.0
"""What filters may speak of, and how their operators become our tree: shared by FES and CQL, so that the same question has the same answer."""

from __future__ import annotations

from enum import Enum

from catalog.model.faults import invalid
from catalog.model.time import Micros, read_instant
from catalog.query import Among, And, Compare, Filter, Like, Not, Or, Property, Relation, Text
from catalog.words import asked


class Term(Enum):
    """A queryable of the catalogue protocols."""

    ANY_TEXT = "any text"
    TITLE = "title"
    ABSTRACT = "abstract"
    SUBJECT = "subject"
    IDENTIFIER = "identifier"
    TYPE = "type"
    MODIFIED = "modified"
    BEGIN = "begin"
    END = "end"
    PARENT = "parent"
    BOX = "bounding box"


_NAMES = {
    "anytext": Term.ANY_TEXT, "title": Term.TITLE, "abstract": Term.ABSTRACT, "description": Term.ABSTRACT, "subject": Term.SUBJECT,
    "keywords": Term.SUBJECT, "identifier": Term.IDENTIFIER, "type": Term.TYPE, "modified": Term.MODIFIED, "date": Term.MODIFIED,
    "tempextent_begin": Term.BEGIN, "tempextent_end": Term.END, "parentidentifier": Term.PARENT, "boundingbox": Term.BOX,
}  # fmt: skip
_PREFIXES = frozenset({"", "csw", "dc", "dct", "dcterms", "ows", "apiso"})
_COLUMNS = {
    Term.TITLE: Property.TITLE, Term.ABSTRACT: Property.ABSTRACT, Term.IDENTIFIER: Property.ID, Term.PARENT: Property.COLLECTION,
    Term.MODIFIED: Property.MODIFIED, Term.BEGIN: Property.START, Term.END: Property.END,
}  # fmt: skip
_TIMES = frozenset({Term.MODIFIED, Term.BEGIN, Term.END})
KINDS = {
    "dataset": ("product", "station", "dataset"),
    "series": ("collection", "series"),
    "service": ("service",),
    "document": ("document",),
}
"""dc:type to the kinds of records."""


def term(name: str) -> Term:
    """The queryable of a property name. Raises Fault INVALID for a name outside of the closed list."""
    prefix, _, local = name.strip().rpartition(":")
    found = _NAMES.get(local.lower()) if prefix.lower() in _PREFIXES else None
    if found is None:
        raise invalid(f"{name[:60]!r} is not a queryable of this catalogue", "constraint")
    return found


def compare(what: Term, relation: Relation, value: str, *, match_case: bool = True) -> Filter:
    """A property compared with a literal."""
    if what is Term.BOX:
        raise invalid("a bounding box cannot be compared with a text", "constraint")
    if what in _TIMES:
        asked_for = read_instant(value)
        return compare_time(_COLUMNS[what], relation, asked_for.start, asked_for.end)
    if what is Term.ANY_TEXT:
        found: Filter = Text(asked(value))
    elif what is Term.TYPE:
        found = Among(Property.KIND, KINDS.get(value.lower(), ()))
    elif what is Term.SUBJECT:
        found = _subject(escaped(value), match_case=match_case)
    elif not match_case and relation in (Relation.EQUAL, Relation.NOT_EQUAL):
        found = Like(_COLUMNS[what], escaped(value), match_case=False)
    else:
        return Compare(_COLUMNS[what], relation, value)
    if relation is Relation.EQUAL:
        return found
    if relation is Relation.NOT_EQUAL:
        return Not(found)
    raise invalid(f"{what.value} knows equal and not equal only", "constraint")


def like(what: Term, pattern: str, *, match_case: bool) -> Filter:
    """A property like a pattern of `%`, `_` and backslash escapes."""
    if what is Term.ANY_TEXT:
        return Text(asked(pattern.replace("\\", "").replace("%", " ").replace("_", " ")))
    if what is Term.TYPE:
        plain = pattern.replace("%", "").lower()
        return Among(
            Property.KIND, tuple(kind for name, kinds in KINDS.items() if plain in name for kind in kinds)
        )
    if what is Term.SUBJECT:
        return _subject(pattern, match_case=match_case)
    if what is Term.BOX or what in _TIMES:
        raise invalid(f"{what.value} is not a text", "constraint")
    return Like(_COLUMNS[what], pattern, match_case)


def between(what: Term, low: str, high: str) -> Filter:
    """A property from one literal to another, both in."""
    return And((compare(what, Relation.AT_LEAST, low), compare(what, Relation.AT_MOST, high)))


def escaped(text: str) -> str:
    """A literal as a pattern of itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _subject(pattern: str, *, match_case: bool) -> Filter:
    """One of the keywords, which are kept a line each, is like a pattern."""
    forms = (pattern, f"{pattern}\n%", f"%\n{pattern}", f"%\n{pattern}\n%")
    return Or(tuple(Like(Property.KEYWORDS, form, match_case) for form in forms))


def compare_time(column: Property, relation: Relation, start: Micros, end: Micros) -> Filter:
    """A moment compared with a date that is as long as it is precise, from start to before end: `= 2018-10-23` is any moment of that day."""
    inside = And((Compare(column, Relation.AT_LEAST, start), Compare(column, Relation.LESS, end)))
    match relation:
        case Relation.EQUAL:
            return inside
        case Relation.NOT_EQUAL:
            return Not(inside)
        case Relation.LESS | Relation.AT_LEAST:
            return Compare(column, relation, start)
        case Relation.AT_MOST:
            return Compare(column, Relation.LESS, end)
        case Relation.MORE:
            return Compare(column, Relation.AT_LEAST, end)
