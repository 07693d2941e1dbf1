# SPDX-License-Identifier: Apache-2.0
"""Requests in XML (09-148r1, POST/XML) as the parameters that they state, so that both bindings are read by the same fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from catalog.model.faults import Fault, Kind, invalid
from catalog.xml.parse import parse
from config.limits import Limits
from ogc.http.fields import shown
from ogc.http.kvp import Kvp

_OPERATIONS = ("GetCapabilities", "DescribeCoverage", "GetCoverage", "DescribeEOCoverageSet")


def parameters(body: bytes, limits: Limits) -> Kvp:
    """The parameters of a request. Raises Fault INVALID_REQUEST, TOO_LARGE or INVALID."""
    try:
        root = parse(body, limits.body_bytes)
    except Fault as fault:
        if fault.kind is Kind.TOO_LARGE:
            raise
        raise Fault(Kind.INVALID_REQUEST, f"the body {fault.text}") from fault
    name = etree.QName(root).localname
    if name not in _OPERATIONS:
        raise Fault(Kind.UNKNOWN_OPERATION, f"{shown(name)} is not an operation of this service", "request")
    out = {"REQUEST": name}
    for attribute in ("service", "version", "updateSequence", "count"):
        if root.get(attribute) is not None:
            out[attribute.upper()] = root.get(attribute, "")
    for key, value in _stated(root):
        if key in (
            "SUBSET",
            "SCALEAXES",
            "SCALESIZE",
            "SCALEEXTENT",
            "COVERAGEID",
            "EOID",
            "RANGESUBSET",
            "SECTIONS",
            "ACCEPTVERSIONS",
        ):
            out[key] = f"{out[key]},{value}" if key in out else value
        elif key in out:
            raise Fault(Kind.INVALID_REQUEST, f"{key.lower()} is stated twice", key.lower())
        else:
            out[key] = value
    return out


def _stated(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Names and values below a request; an Extension is looked into."""
    for child in _children(root):
        name = etree.QName(child).localname
        if name == "Extension":
            for inner in _children(child):
                yield from _read(inner)
        else:
            yield from _read(child)


def _read(element: etree._Element) -> Iterator[tuple[str, str]]:
    name = etree.QName(element).localname
    reader = _READERS.get(name)
    if reader is None:
        raise Fault(Kind.INVALID_REQUEST, f"{shown(name)} is not an element of this request")
    yield from reader(element)


def _children(element: etree._Element) -> list[etree._Element]:
    return [child for child in element if isinstance(child.tag, str)]


def _text(element: etree._Element, name: str = "") -> str:
    """The text of an element, or of its one child of a name."""
    found = (
        [child for child in _children(element) if etree.QName(child).localname == name] if name else [element]
    )
    if len(found) != 1 or len(found[0]):
        raise Fault(Kind.INVALID_REQUEST, f"{name or etree.QName(element).localname} holds a text, once")
    value = (found[0].text or "").strip()
    if "," in value or "(" in value:
        raise invalid(f"{name or etree.QName(element).localname} holds a comma or a bracket")
    return value


def _as(key: str) -> Callable[[etree._Element], Iterator[tuple[str, str]]]:
    return lambda element: iter([(key, _text(element))])


def _list(key: str) -> Callable[[etree._Element], Iterator[tuple[str, str]]]:
    return lambda element: iter([(key, ",".join(_text(child) for child in _children(element)))])


def _trim(element: etree._Element) -> Iterator[tuple[str, str]]:
    yield "SUBSET", f"{_text(element, 'Dimension')}({_text(element, 'TrimLow')},{_text(element, 'TrimHigh')})"


def _slice(element: etree._Element) -> Iterator[tuple[str, str]]:
    yield "SUBSET", f"{_text(element, 'Dimension')}({_text(element, 'SlicePoint')})"


def _range(element: etree._Element) -> Iterator[tuple[str, str]]:
    """RangeSubset of RangeItems (12-040): a component, or an interval of two."""
    for item in _children(element):
        for one in _children(item):
            if etree.QName(one).localname == "RangeInterval":
                yield "RANGESUBSET", f"{_text(one, 'startComponent')}:{_text(one, 'endComponent')}"
            else:
                yield "RANGESUBSET", _text(one)


def _axes(key: str, value: str) -> Callable[[etree._Element], Iterator[tuple[str, str]]]:
    """`axis(value)` of each child (12-039)."""
    return lambda element: iter(
        [(key, f"{_text(one, 'axis')}({_text(one, value)})") for one in _children(element)]
    )


def _extents(element: etree._Element) -> Iterator[tuple[str, str]]:
    for one in _children(element):
        yield "SCALEEXTENT", f"{_text(one, 'axis')}({_text(one, 'low')}:{_text(one, 'high')})"


def _inner(key: str) -> Callable[[etree._Element], Iterator[tuple[str, str]]]:
    """The text of the one child."""

    def read(element: etree._Element) -> Iterator[tuple[str, str]]:
        for one in _children(element):
            if etree.QName(one).localname.lower() in (
                "globalinterpolation",
                "scalefactor",
                "subsettingcrs",
                "outputcrs",
            ):
                yield key or etree.QName(one).localname.upper(), _text(one)
            else:
                raise Fault(Kind.INVALID_REQUEST, f"{shown(etree.QName(one).localname)} is not offered")

    return read


def _geotiff(element: etree._Element) -> Iterator[tuple[str, str]]:
    """The parameters of the GeoTIFF encoding (12-100r1)."""
    for one in _children(element):
        if etree.QName(one).localname != "compression":
            raise Fault(Kind.INVALID_REQUEST, f"{shown(etree.QName(one).localname)} is not offered")
        yield "GEOTIFF:COMPRESSION", _text(one)


_READERS: dict[str, Callable[[etree._Element], Iterator[tuple[str, str]]]] = {
    "AcceptVersions": _list("ACCEPTVERSIONS"), "AcceptFormats": lambda _: iter(()), "AcceptLanguages": lambda _: iter(()), "Sections": _list("SECTIONS"),
    "eoId": _as("EOID"), "containment": _as("CONTAINMENT"),
    "CoverageId": _as("COVERAGEID"), "DimensionTrim": _trim, "DimensionSlice": _slice, "format": _as("FORMAT"), "mediaType": _as("MEDIATYPE"),
    "RangeSubset": _range, "ScaleByFactor": _inner("SCALEFACTOR"), "ScaleAxesByFactor": _axes("SCALEAXES", "scaleFactor"),
    "ScaleToSize": _axes("SCALESIZE", "targetSize"), "ScaleToExtent": _extents, "Interpolation": _inner("INTERPOLATION"),
    "parameters": _geotiff, "GetCoverageCrs": _inner(""), "subsettingCrs": _as("SUBSETTINGCRS"), "outputCrs": _as("OUTPUTCRS"),
}  # fmt: skip
