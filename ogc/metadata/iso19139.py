# SPDX-License-Identifier: Apache-2.0
"""ISO 19139 documents of records, in the order of the schema (2005/gmd, GML 3.2)."""

from __future__ import annotations

from lxml import etree

from catalog.model.product import Record
from catalog.model.time import Micros, micros_text
from catalog.xml.build import el, root_element
from config.product_types import Published, SeriesType

GMD = "http://www.isotc211.org/2005/gmd"
GCO = "http://www.isotc211.org/2005/gco"
GML = "http://www.opengis.net/gml/3.2"
_LISTS = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml#"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def links(record: Record, kind: Published, base_url: str) -> list[tuple[str, str, str, str]]:
    """Name, description, protocol and address of each way to the data. The names of protocols are those that QGIS looks for."""
    title = record.title.replace(",", " ")
    page = (
        f"{base_url}/stations/{record.id}"
        if record.kind == "station"
        else f"{base_url}/collections/{kind.id}"
    )
    sos = (
        [(kind.id, f"SOS offering of {title}", "OGC:SOS", f"{base_url}/sos")]
        if isinstance(kind, SeriesType)
        else []
    )
    return [
        *sos,
        (kind.id, f"WMS layer of {title}", "OGC:WMS", f"{base_url}/wms"),
        (kind.id, f"Page of {title}", "WWW:LINK-1.0-http--link", page),
    ]


def encode(record: Record, kind: Published, base_url: str) -> etree._Element:
    """The `gmd:MD_Metadata` of a record."""
    root = root_element(f"{{{GMD}}}MD_Metadata", {"gmd": GMD, "gco": GCO, "gml": GML, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{GMD} http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd")
    level = "series" if record.kind == "collection" else "dataset"
    _text(root, "fileIdentifier", record.id)
    _code(_el(root, "language"), "LanguageCode", "eng")
    if record.kind != "collection":
        _text(root, "parentIdentifier", kind.id)
    _code(_el(root, "hierarchyLevel"), "MD_ScopeCode", level)
    _text(root, "hierarchyLevelName", record.kind)
    _party(_el(root, "contact"), kind, "pointOfContact")
    el(_el(root, "dateStamp"), f"{{{GCO}}}DateTime", micros_text(record.modified)[:19])
    _text(root, "metadataStandardName", "ISO 19115:2003")
    _text(root, "metadataStandardVersion", "ISO 19139:2007")
    _identification(root, record, kind)
    _distribution(root, record, kind, base_url)
    _lineage(root, record, kind, level)
    return root


def _el(parent: etree._Element, name: str) -> etree._Element:
    return el(parent, f"{{{GMD}}}{name}")


def _text(parent: etree._Element, name: str, text: str) -> None:
    el(_el(parent, name), f"{{{GCO}}}CharacterString", text)


def _code(parent: etree._Element, name: str, value: str) -> None:
    el(parent, f"{{{GMD}}}{name}", value, codeList=f"{_LISTS}{name}", codeListValue=value)


def _party(parent: etree._Element, kind: Published, role: str) -> None:
    party = _el(parent, "CI_ResponsibleParty")
    _text(party, "organisationName", kind.producer)
    _code(_el(party, "role"), "CI_RoleCode", role)


def _identification(root: etree._Element, record: Record, kind: Published) -> None:
    data = _el(_el(root, "identificationInfo"), "MD_DataIdentification")
    citation = _el(_el(data, "citation"), "CI_Citation")
    _text(citation, "title", record.title)
    date = _el(_el(citation, "date"), "CI_Date")
    el(_el(date, "date"), f"{{{GCO}}}Date", micros_text(record.period.start)[:10])
    _code(_el(date, "dateType"), "CI_DateTypeCode", "creation")
    _text(_el(_el(citation, "identifier"), "MD_Identifier"), "code", kind.doi or record.id)
    _text(data, "abstract", record.abstract)
    _party(_el(data, "pointOfContact"), kind, "owner")
    keywords = _el(_el(data, "descriptiveKeywords"), "MD_Keywords")
    for keyword in record.keywords or (kind.level,):
        _text(keywords, "keyword", keyword)
    _code(_el(keywords, "type"), "MD_KeywordTypeCode", "theme")
    constraints = _el(_el(data, "resourceConstraints"), "MD_LegalConstraints")
    _code(_el(constraints, "accessConstraints"), "MD_RestrictionCode", "otherRestrictions")
    _text(constraints, "otherConstraints", f"{kind.licence}; {kind.attribution}")
    _code(_el(data, "language"), "LanguageCode", "eng")
    el(_el(data, "topicCategory"), f"{{{GMD}}}MD_TopicCategoryCode", kind.topic)
    _extent(data, record)


def _extent(data: etree._Element, record: Record) -> None:
    extent = _el(_el(data, "extent"), "EX_Extent")
    box = _el(_el(extent, "geographicElement"), "EX_GeographicBoundingBox")
    sides = (
        ("west", record.box.west),
        ("east", record.box.east),
        ("south", record.box.south),
        ("north", record.box.north),
    )
    for name, value in sides:
        bound = "Longitude" if name in ("west", "east") else "Latitude"
        el(_el(box, f"{name}Bound{bound}"), f"{{{GCO}}}Decimal", f"{value:.7f}")
    temporal = _el(_el(_el(extent, "temporalElement"), "EX_TemporalExtent"), "extent")
    period = el(temporal, f"{{{GML}}}TimePeriod")
    period.set(f"{{{GML}}}id", "period")
    el(period, f"{{{GML}}}beginPosition", micros_text(record.period.start)[:19] + "Z")
    el(period, f"{{{GML}}}endPosition", micros_text(Micros(record.period.end - 1))[:19] + "Z")


def _distribution(root: etree._Element, record: Record, kind: Published, base_url: str) -> None:
    distribution = _el(_el(root, "distributionInfo"), "MD_Distribution")
    transfer = _el(_el(distribution, "transferOptions"), "MD_DigitalTransferOptions")
    for name, text, protocol, url in links(record, kind, base_url):
        online = _el(_el(transfer, "onLine"), "CI_OnlineResource")
        el(_el(online, "linkage"), f"{{{GMD}}}URL", url)
        _text(online, "protocol", protocol)
        _text(online, "name", name)
        _text(online, "description", text)


def _lineage(root: etree._Element, record: Record, kind: Published, level: str) -> None:
    quality = _el(_el(root, "dataQualityInfo"), "DQ_DataQuality")
    _code(_el(_el(_el(quality, "scope"), "DQ_Scope"), "level"), "MD_ScopeCode", level)
    lineage = _el(_el(quality, "lineage"), "LI_Lineage")
    _text(
        lineage,
        "statement",
        record.lineage
        or f"{kind.level}, produced by {kind.producer}; expertise centre: {kind.centre}; maturity: {kind.maturity}",
    )
