# SPDX-License-Identifier: Apache-2.0
"""ISO 19139 documents of records, in the order of the schema (2005/gmd, GML 3.2)."""

from __future__ import annotations

import re

from lxml import etree

from catalog.model.area import Box
from catalog.model.time import Period, ends_text, micros_text
from catalog.xml.build import el, root_element
from catalog.xml.parse import parse
from ogc.metadata.sheet import Sheet

GMD = "http://www.isotc211.org/2005/gmd"
GCO = "http://www.isotc211.org/2005/gco"
GML = "http://www.opengis.net/gml/3.2"
_LISTS = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml#"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LANGUAGES = {"en": "eng", "fr": "fre"}
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)


def encode(sheet: Sheet) -> etree._Element:
    """The `gmd:MD_Metadata` of a record: the one that another centre wrote, or ours."""
    if sheet.iso:
        return parse(sheet.iso, len(sheet.iso))
    record = sheet.record
    root = root_element(f"{{{GMD}}}MD_Metadata", {"gmd": GMD, "gco": GCO, "gml": GML, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{GMD} http://schemas.opengis.net/iso/19139/20070417/gmd/gmd.xsd")
    level = sheet.type if sheet.type in ("series", "service") else "dataset"
    _text(root, "fileIdentifier", record.id)
    _code(_el(root, "language"), "LanguageCode", _LANGUAGES.get(sheet.language, "eng"))
    if sheet.parent:
        _text(root, "parentIdentifier", sheet.parent)
    _code(_el(root, "hierarchyLevel"), "MD_ScopeCode", level)
    _text(root, "hierarchyLevelName", record.kind)
    _party(_el(root, "contact"), sheet, "pointOfContact")
    el(_el(root, "dateStamp"), f"{{{GCO}}}DateTime", micros_text(record.modified)[:19])
    _text(root, "metadataStandardName", "ISO 19115:2003")
    _text(root, "metadataStandardVersion", "ISO 19139:2007")
    _identification(root, sheet)
    _distribution(root, sheet)
    _lineage(root, sheet, level)
    return root


def _el(parent: etree._Element, name: str) -> etree._Element:
    return el(parent, f"{{{GMD}}}{name}")


def _text(parent: etree._Element, name: str, text: str) -> None:
    el(_el(parent, name), f"{{{GCO}}}CharacterString", text)


def _code(parent: etree._Element, name: str, value: str) -> None:
    el(parent, f"{{{GMD}}}{name}", value, codeList=f"{_LISTS}{name}", codeListValue=value)


def _party(parent: etree._Element, sheet: Sheet, role: str) -> None:
    party = _el(parent, "CI_ResponsibleParty")
    _text(party, "organisationName", sheet.producer or "unknown")
    _code(_el(party, "role"), "CI_RoleCode", role)


def _identification(root: etree._Element, sheet: Sheet) -> None:
    record = sheet.record
    data = _el(_el(root, "identificationInfo"), "MD_DataIdentification")
    citation = _el(_el(data, "citation"), "CI_Citation")
    _text(citation, "title", record.title)
    date = _el(_el(citation, "date"), "CI_Date")
    created = record.period.start if record.period else record.modified
    el(_el(date, "date"), f"{{{GCO}}}Date", micros_text(created)[:10])
    _code(_el(date, "dateType"), "CI_DateTypeCode", "creation" if record.period else "revision")
    _text(_el(_el(citation, "identifier"), "MD_Identifier"), "code", sheet.doi or record.id)
    _text(data, "abstract", record.abstract)
    _party(_el(data, "pointOfContact"), sheet, "owner")
    keywords = _el(_el(data, "descriptiveKeywords"), "MD_Keywords")
    for keyword in record.keywords or (sheet.level or sheet.type,):
        _text(keywords, "keyword", keyword)
    _code(_el(keywords, "type"), "MD_KeywordTypeCode", "theme")
    constraints = _el(_el(data, "resourceConstraints"), "MD_LegalConstraints")
    _code(_el(constraints, "accessConstraints"), "MD_RestrictionCode", "otherRestrictions")
    _text(constraints, "otherConstraints", sheet.rights or "unknown")
    _code(_el(data, "language"), "LanguageCode", _LANGUAGES.get(sheet.language, "eng"))
    el(_el(data, "topicCategory"), f"{{{GMD}}}MD_TopicCategoryCode", sheet.topic)
    if record.box or record.period:
        _extent(data, record.box, record.period, record.id)


def _extent(data: etree._Element, where: Box | None, when: Period | None, record: str) -> None:
    extent = _el(_el(data, "extent"), "EX_Extent")
    if where is not None:
        box = _el(_el(extent, "geographicElement"), "EX_GeographicBoundingBox")
        for name, value in (
            ("west", where.west),
            ("east", where.east),
            ("south", where.south),
            ("north", where.north),
        ):
            bound = "Longitude" if name in ("west", "east") else "Latitude"
            el(_el(box, f"{name}Bound{bound}"), f"{{{GCO}}}Decimal", f"{value:.7f}")
    if when is not None:
        temporal = _el(_el(_el(extent, "temporalElement"), "EX_TemporalExtent"), "extent")
        period = el(temporal, f"{{{GML}}}TimePeriod")
        period.set(f"{{{GML}}}id", f"period-{_NO_NAME.sub('_', record)}")  # many records stand in one answer
        first, last = (text[:19] + "Z" if text else "" for text in ends_text(when, ""))
        el(
            period,
            f"{{{GML}}}beginPosition",
            first or None,
            **({} if first else {"indeterminatePosition": "unknown"}),
        )
        el(
            period,
            f"{{{GML}}}endPosition",
            last or None,
            **({} if last else {"indeterminatePosition": "now"}),
        )


def _distribution(root: etree._Element, sheet: Sheet) -> None:
    distribution = _el(_el(root, "distributionInfo"), "MD_Distribution")
    transfer = _el(_el(distribution, "transferOptions"), "MD_DigitalTransferOptions")
    for way in sheet.ways:
        online = _el(_el(transfer, "onLine"), "CI_OnlineResource")
        el(_el(online, "linkage"), f"{{{GMD}}}URL", way.href)
        _text(online, "protocol", way.protocol)
        _text(online, "name", way.name)
        _text(online, "description", way.title)
    if sheet.availability:
        medium = _el(_el(transfer, "offLine"), "MD_Medium")
        _text(medium, "mediumNote", sheet.availability)


def _lineage(root: etree._Element, sheet: Sheet, level: str) -> None:
    quality = _el(_el(root, "dataQualityInfo"), "DQ_DataQuality")
    _code(_el(_el(_el(quality, "scope"), "DQ_Scope"), "level"), "MD_ScopeCode", level)
    _text(_el(_el(quality, "lineage"), "LI_Lineage"), "statement", sheet.statement or "unknown")
