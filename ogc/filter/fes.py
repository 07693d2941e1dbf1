# SPDX-License-Identifier: Apache-2.0
"""OGC Filter Encoding 1.1 (04-095) to our tree, with nested logic; wildcards are those that the request names."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from catalog.crs import Crs, box_from, read_crs
from catalog.model.area import Box
from catalog.model.faults import invalid
from catalog.query import And, Filter, Meets, Not, Or, Relation
from ogc.filter import terms
from ogc.filter.terms import Term
from ogc.http.fields import number

_OGC = "{http://www.opengis.net/ogc}"
_GML = "{http://www.opengis.net/gml}"
_FES, _GML32 = "{http://www.opengis.net/fes/2.0}", "{http://www.opengis.net/gml/3.2}"
_LAT_LON, _LON_LAT = "urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:OGC:1.3:CRS84"
_RENAMED = {"ValueReference": "PropertyName"}
_DEPTH = 30
_RELATIONS = {
    "PropertyIsEqualTo": Relation.EQUAL, "PropertyIsNotEqualTo": Relation.NOT_EQUAL, "PropertyIsLessThan": Relation.LESS,
    "PropertyIsLessThanOrEqualTo": Relation.AT_MOST, "PropertyIsGreaterThan": Relation.MORE, "PropertyIsGreaterThanOrEqualTo": Relation.AT_LEAST,
}  # fmt: skip
SPATIAL = ("BBOX", "Disjoint", "Intersects")
"""The spatial operators that we know; only these are advertised."""


def parse_filter(root: etree._Element, *, longitude_first: bool = False) -> Filter:
    """An `ogc:Filter`, or an `fes:Filter` of version 2.0, as our tree. Raises Fault INVALID.

    An envelope without a CRS is in EPSG:4326, latitude first; where `longitude_first`, in CRS84.
    """
    if root.tag == f"{_FES}Filter":
        root = _older(root)
    for envelope in root.iter(f"{_GML}Envelope"):
        if "srsName" not in envelope.attrib:
            envelope.set("srsName", _LON_LAT if longitude_first else _LAT_LON)
    if root.tag != f"{_OGC}Filter":
        raise invalid("the constraint is not an ogc:Filter of version 1.1", "constraint")
    return And(tuple(_node(child, 0) for child in root))


def _older(root: etree._Element) -> etree._Element:
    """A filter of version 2.0 in the words of 1.1: what we know of both differs in names only."""
    out = deepcopy(root)
    for element in out.iter(etree.Element):
        name = str(element.tag)
        if name.startswith(_FES):
            local = name.removeprefix(_FES)
            element.tag = _OGC + _RENAMED.get(local, local)
        elif name.startswith(_GML32):
            element.tag = _GML + name.removeprefix(_GML32)
    return out


def _node(element: etree._Element, depth: int) -> Filter:
    if depth > _DEPTH:
        raise invalid(f"the filter is nested deeper than {_DEPTH}", "constraint")
    name = str(element.tag).removeprefix(_OGC)
    if name in ("And", "Or"):
        parts = tuple(_node(child, depth + 1) for child in element)
        if len(parts) < 2:
            raise invalid(f"{name} needs at least two parts", "constraint")
        return And(parts) if name == "And" else Or(parts)
    if name == "Not":
        if len(element) != 1:
            raise invalid("Not needs one part", "constraint")
        return Not(_node(element[0], depth + 1))
    if name in _RELATIONS:
        match_case = element.get("matchCase", "true").lower() != "false"
        return terms.compare(_property(element), _RELATIONS[name], _literal(element), match_case=match_case)
    found = _OTHERS.get(name)
    if found is None:
        raise invalid(f"{name[:60]!r} is not an operator of this catalogue", "constraint")
    return found(element)


def _like(element: etree._Element) -> Filter:
    wild, single = element.get("wildCard", ""), element.get("singleChar", "")
    escape = element.get("escapeChar", element.get("escape", ""))
    match_case = element.get("matchCase", "true").lower() != "false"
    out, text, at = "", _literal(element), 0
    while at < len(text):
        char = text[at]
        if escape and char == escape and at + 1 < len(text):
            at += 1
            out += terms.escaped(text[at])
        else:
            out += "%" if char == wild else "_" if char == single else terms.escaped(char)
        at += 1
    return terms.like(_property(element), out, match_case=match_case)


def _between(element: etree._Element) -> Filter:
    low, high = (
        element.findtext(f"{_OGC}{side}/{_OGC}Literal") for side in ("LowerBoundary", "UpperBoundary")
    )
    if low is None or high is None:
        raise invalid("PropertyIsBetween needs two boundaries", "constraint")
    return terms.between(_property(element), low.strip(), high.strip())


def _null(element: etree._Element) -> Filter:
    """Every record has every queryable."""
    _property(element)
    return Or(())


def _meets(element: etree._Element) -> Filter:
    if _property(element) is not Term.BOX:
        raise invalid("a spatial operator asks ows:BoundingBox", "constraint")
    return Meets(_envelope(element))


def _envelope(element: etree._Element) -> Box:
    envelope = element.find(f"{_GML}Envelope")
    if envelope is None:
        raise invalid("a spatial operator needs a gml:Envelope", "constraint")
    low, high = (
        (envelope.findtext(f"{_GML}{name}") or "").split() for name in ("lowerCorner", "upperCorner")
    )
    if len(low) != 2 or len(high) != 2:
        raise invalid("an envelope has two corners of two numbers", "constraint")
    crs = _spelled(str(envelope.get("srsName")))
    if crs.epsg != 4326:
        raise invalid("an envelope is in EPSG:4326 or CRS84", "constraint")
    return box_from((number(low[0]), number(low[1]), number(high[0]), number(high[1])), crs)


def _spelled(name: str) -> Crs:
    """The CRS of an envelope; the short form `EPSG:4326` is longitude first, as clients mean it, the URN latitude first."""
    crs = read_crs(name, "constraint")
    return Crs(4326, lon_lat=True) if name.upper() == "EPSG:4326" else crs


def _property(element: etree._Element) -> Term:
    name = element.findtext(f"{_OGC}PropertyName")
    if not name:
        raise invalid(f"{str(element.tag).removeprefix(_OGC)} needs an ogc:PropertyName", "constraint")
    return terms.term(name)


def _literal(element: etree._Element) -> str:
    literal = element.find(f"{_OGC}Literal")
    if literal is None or len(literal):
        raise invalid("a comparison needs an ogc:Literal, and no function", "constraint")
    return (literal.text or "").strip()


_OTHERS: dict[str, Callable[[etree._Element], Filter]] = {
    "PropertyIsLike": _like,
    "PropertyIsBetween": _between,
    "PropertyIsNull": _null,
    "BBOX": _meets,
    "Intersects": _meets,
    "Disjoint": lambda element: Not(_meets(element)),
}
