# SPDX-License-Identifier: Apache-2.0
"""The strict edge of the CSW: limits, a closed list of operations and parameters, and the filter as our tree.

What is left for pycsw has no filter in it any more: its parsers drop nested groups and refuse parentheses.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import etree

from catalog.crs import CRS84, box_from, read_crs
from catalog.model.area import Box
from catalog.model.faults import Fault, Kind, invalid
from catalog.query import Among, And, During, Filter, Meets, Property, Text
from catalog.words import asked
from catalog.xml.parse import parse
from ogc.filter.cql_text import parse_cql
from ogc.filter.fes import parse_filter
from ogc.filter.values import read_period
from ogc.http.fields import Field, at_least, four_numbers, list_of, plain, shown
from ogc.http.kvp import Kvp

_CSW, _CSW3 = "http://www.opengis.net/cat/csw/2.0.2", "http://www.opengis.net/cat/csw/3.0"
_FES = "http://www.opengis.net/fes/2.0"
V2, V3 = "2.0.2", "3.0.0"
_OGC = "http://www.opengis.net/ogc"
_OPERATIONS = {
    name.lower(): name
    for name in ("GetCapabilities", "DescribeRecord", "GetDomain", "GetRecords", "GetRecordById")
}
_PASSED = frozenset(
    {"SERVICE", "VERSION", "REQUEST", "SECTIONS", "ACCEPTFORMATS", "UPDATESEQUENCE", "TYPENAME", "TYPENAMES", "NAMESPACE", "OUTPUTFORMAT", "OUTPUTSCHEMA"}
    | {"RESULTTYPE", "ELEMENTSETNAME", "ELEMENTNAME", "SORTBY", "ID", "SCHEMALANGUAGE", "PARAMETERNAME", "VALUEREFERENCE", "PROPERTYNAME", "REQUESTID", "LANGUAGE"}
)  # fmt: skip
_MOST_RECORDS = 1_000
_MAX_RECORDS = Field("MAXRECORDS", at_least(0))
_START = Field("STARTPOSITION", at_least(1))
_BBOX = Field("BBOX", four_numbers)
_Q = Field("Q", plain)
_IDS, _TIME = Field("RECORDIDS", list_of(plain, 1_000)), Field("TIME", read_period)


@dataclass(frozen=True)
class CswRequest:
    """What pycsw gets: a method, a query string or a body; and the filter, which it does not get."""

    method: str
    query: str
    body: bytes
    tree: Filter
    needs_xml: bool
    """Whether whole ISO documents are asked for."""
    version: str = V2


def from_kvp(kvp: Kvp, *, longitude_first: bool = False) -> CswRequest:
    """A request in parameters. Raises Fault."""
    service = kvp.get("SERVICE", "CSW")
    if service != "CSW":
        raise Fault(Kind.INVALID, f"{shown(service)} is not CSW", "service")
    asked_for = kvp.get("REQUEST", "")
    if not asked_for:
        raise Fault(Kind.MISSING, "the parameter REQUEST is required", "request")
    operation = _OPERATIONS.get(asked_for.lower())
    if operation is None:
        raise Fault(
            Kind.UNKNOWN_OPERATION, f"{shown(asked_for)} is not an operation of this service", "request"
        )
    if kvp.get("RESPONSEHANDLER"):
        raise Fault(Kind.INVALID, "responses go to the one who asks only", "responsehandler")
    version = _version(kvp, operation)
    if version == V3:
        _strictly(kvp, operation)
    passed = {name: value for name, value in kvp.items() if name in _PASSED}
    passed.update({"SERVICE": "CSW", "VERSION": version, "REQUEST": operation})
    if operation == "GetRecords":
        passed["MAXRECORDS"] = str(min(_MOST_RECORDS, _MAX_RECORDS.read_or(kvp, 10)))
        passed["STARTPOSITION"] = str(_START.read_or(kvp, 1))
        passed.setdefault("TYPENAMES", "csw:Record" if version == V2 else "csw30:Record")
        passed.setdefault("ELEMENTSETNAME", "summary") if "ELEMENTNAME" not in kvp else None
    if version == V3:
        passed["ACCEPTVERSIONS"] = V3
    tree = _kvp_filter(kvp, version, longitude_first) if operation == "GetRecords" else And(())
    return CswRequest(
        "GET",
        urlencode({name.lower(): value for name, value in passed.items()}),
        b"",
        tree,
        _iso(kvp.get("OUTPUTSCHEMA")),
        version,
    )


def _strictly(kvp: Kvp, operation: str) -> None:
    """What 3.0 wants of every request (12-176r7, requirements 10 and 12), and what clients of 2.0.2 leave out or misspell."""
    if not kvp.get("SERVICE"):
        raise Fault(Kind.MISSING, "the parameter SERVICE is required", "service")
    if kvp["REQUEST"] != operation:
        raise Fault(Kind.INVALID, f"the operation is spelled {operation}", "request")


def from_xml(root: etree._Element, *, longitude_first: bool = False) -> CswRequest:
    """A request in XML, without an envelope. Raises Fault."""
    name = etree.QName(root)
    space = str(name.namespace)
    if space not in (_CSW, _CSW3) or name.localname.lower() not in _OPERATIONS:
        raise Fault(
            Kind.UNKNOWN_OPERATION,
            f"{shown(name.localname)} is not an operation of CSW 2.0.2 or 3.0 here",
            "request",
        )
    if root.find(f"{{{space}}}ResponseHandler") is not None:
        raise Fault(Kind.INVALID, "responses go to the one who asks only", "responsehandler")
    for spread in root.findall(f"{{{space}}}DistributedSearch"):
        root.remove(spread)
    tree: Filter = And(())
    if name.localname == "GetRecords":
        _positions(root)
        for query in root.findall(f"{{{space}}}Query"):
            for constraint in query.findall(f"{{{space}}}Constraint"):
                tree = _xml_filter(constraint, space, longitude_first)
                query.remove(constraint)
    return CswRequest(
        "POST",
        "",
        etree.tostring(root, xml_declaration=True, encoding="UTF-8"),
        tree,
        _iso(root.get("outputSchema")),
        V2 if space == _CSW else V3,
    )


def asked_version(kvp: Kvp, body: bytes) -> str:
    """The version whose reports a client reads, of a request that may be wrong in any way."""
    if (
        kvp.get("VERSION") == V3
        or kvp.get("ACCEPTVERSIONS", "").startswith(V3)
        or _CSW3.encode() in body[:4_096]
    ):
        return V3
    return V2


def _iso(schema: str | None) -> bool:
    return schema not in (None, "", _CSW, _CSW3)


def _version(kvp: Kvp, operation: str) -> str:
    """2.0.2 or 3.0.0; GetCapabilities without one gets 2.0.2 (GDAL takes the version that is reported for its next request). Raises Fault."""
    accepted = kvp.get("ACCEPTVERSIONS")
    if operation == "GetCapabilities":
        if not accepted:
            return V3 if kvp.get("VERSION") == V3 else V2
        found = next((one for one in accepted.split(",") if one in (V2, V3)), None)
        if found is None:
            raise Fault(Kind.UNKNOWN_VERSION, f"this service speaks {V2} and {V3}", "acceptversions")
        return found
    version = kvp.get("VERSION")
    if not version:
        raise Fault(Kind.MISSING, "the parameter VERSION is required", "version")
    if version not in (V2, V3):
        raise Fault(Kind.INVALID, f"{shown(version)} is neither {V2} nor {V3}", "version")
    return version


def _kvp_filter(kvp: Kvp, version: str, longitude_first: bool) -> Filter:
    parts: list[Filter] = []
    constraint = kvp.get("CONSTRAINT", "")
    if constraint:
        language = kvp.get("CONSTRAINTLANGUAGE", "").upper()
        if language == "CQL_TEXT":
            parts.append(parse_cql(constraint))
        elif language in ("FILTER", _FES.upper()):
            root = parse(constraint.encode(), len(constraint) * 4 + 1)
            parts.append(parse_filter(root, longitude_first=longitude_first))
        else:
            raise Fault(Kind.INVALID, "CONSTRAINTLANGUAGE is CQL_TEXT or FILTER", "constraintlanguage")
    if version == V3:
        ids, time = _IDS.read_or(kvp, ()), _TIME.read_or(kvp, None)
        parts += [*([Among(Property.ID, ids)] if ids else []), *([During(time)] if time else [])]
    box = _box(kvp, version)
    if box is not None:
        parts.append(Meets(box))
    words = _Q.read_or(kvp, "")
    if words:
        parts.append(Text(asked(words)))
    return And(tuple(parts))


def _box(kvp: Kvp, version: str) -> Box | None:
    """`BBOX`: in 3.0 a CRS may follow the four numbers and says their order (OWS common 2.0, 10.2.3); without one it is CRS84."""
    corners, crs = kvp.get("BBOX", ""), CRS84
    if version == V3 and corners.count(",") == 4:
        corners, _, name = corners.rpartition(",")
        crs = read_crs(name, "bbox")
        if crs.epsg != 4326:
            raise Fault(Kind.INVALID, "bbox is in EPSG:4326 or CRS84", "bbox")
    found = _BBOX.read_or({"BBOX": corners}, None)
    return None if found is None else box_from(found, crs)


def _xml_filter(constraint: etree._Element, space: str, longitude_first: bool) -> Filter:
    found = constraint.find(f"{{{_OGC if space == _CSW else _FES}}}Filter")
    if found is not None:
        return parse_filter(found, longitude_first=longitude_first)
    text = constraint.findtext(f"{{{space}}}CqlText")
    if text is None:
        raise invalid("a constraint holds a Filter of this version or a CqlText", "constraint")
    return parse_cql(text)


def _positions(root: etree._Element) -> None:
    """MaxRecords and startPosition, strictly read and bounded."""
    most = Field("maxRecords", at_least(0)).read({"maxRecords": root.get("maxRecords", "10")})
    root.set("maxRecords", str(min(most, _MOST_RECORDS)))
    Field("startPosition", at_least(1)).read({"startPosition": root.get("startPosition", "1")})
