# SPDX-License-Identifier: Apache-2.0
"""ISO 19139 and ISO 19115-3 documents to records, by local names: both have the same words, and prefixes and versions of namespaces vary."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from catalog.harvest.neutral import Draft, language, lon_lat_box, period_of
from catalog.model.record import Way

_IDS = ("{*}fileIdentifier", "{*}metadataIdentifier//{*}code")
_LEVELS = ("{*}hierarchyLevel", "{*}metadataScope//{*}resourceScope")
_STAMPS = ("{*}dateStamp", "{*}dateInfo//{*}date/{*}CI_Date/{*}date", "{*}dateInfo//{*}date")
_LANGUAGES = ("{*}language", "{*}defaultLocale//{*}language", "{*}defaultLocale//{*}languageCode")
_ORGANISATIONS = (
    "{*}identificationInfo/*/{*}pointOfContact//{*}organisationName", "{*}identificationInfo/*/{*}pointOfContact//{*}CI_Organisation/{*}name",
    "{*}contact//{*}organisationName", "{*}contact//{*}CI_Organisation/{*}name",
)  # fmt: skip
_RIGHTS = ("{*}identificationInfo//{*}otherConstraints", "{*}identificationInfo//{*}useLimitation")
_SIDES = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
_MOST_WAYS = 200


def read(root: etree._Element) -> Draft:
    """The record of an `MD_Metadata` or `MI_Metadata`."""
    data = root.find("{*}identificationInfo/*")
    title = _first(data, ("{*}citation//{*}title",)) if data is not None else ""
    return Draft(
        identifier=_first(root, _IDS),
        title=title,
        abstract=_first(data, ("{*}abstract",)) if data is not None else "",
        kind=_code(root, _LEVELS),
        form=_form(root),
        modified=_first(root, _STAMPS),
        keywords=tuple(dict.fromkeys(_all(data, "{*}descriptiveKeywords//{*}keyword")))
        if data is not None
        else (),
        box=_box(root),
        period=_period(root),
        language=language(_code(root, _LANGUAGES)),
        publisher=_first(root, _ORGANISATIONS),
        rights="; ".join(dict.fromkeys(text for path in _RIGHTS for text in _all(root, path)))[:2_000],
        lineage=_first(
            root, ("{*}dataQualityInfo//{*}lineage//{*}statement", "{*}resourceLineage//{*}statement")
        ),
        ways=tuple(_ways(root)),
    )


def _form(root: etree._Element) -> str:
    """A profile with elements of its own is not ISO 19139 to who asks for that."""
    name = etree.QName(root)
    if name.namespace in ("http://www.isotc211.org/2005/gmd", "http://www.isotc211.org/2005/gmi"):
        return "iso19139"
    return "iso19115-3" if "/19115/" in (name.namespace or "") else "iso19139-profile"


def _box(root: etree._Element) -> tuple[float, float, float, float] | None:
    for found in root.iterfind("{*}identificationInfo//{*}EX_GeographicBoundingBox"):
        box = lon_lat_box([_first(found, (f"{{*}}{side}",)) for side in _SIDES])
        if box is not None:
            return box
    return None


def _period(root: etree._Element) -> tuple[str, str] | None:
    """The first temporal extent: a period, or an instant."""
    for found in root.iterfind("{*}identificationInfo//{*}EX_TemporalExtent"):
        moments = [
            ".." if one.get("indeterminatePosition") in ("now", "unknown") and not (one.text or "").strip() else (one.text or "").strip()
            for one in found.iter("{*}beginPosition", "{*}endPosition", "{*}timePosition")
        ]  # fmt: skip
        if moments and period_of(moments[0], moments[-1]) is not None:
            return moments[0], moments[-1]
    return None


def _ways(root: etree._Element) -> Iterator[Way]:
    """The online resources of the distribution, and of a service's operations."""
    seen = 0
    holders = root.iter("{*}distributionInfo", "{*}containsOperations")
    for found in (one for holder in holders for one in holder.iter("{*}CI_OnlineResource")):
        href = _first(found, ("{*}linkage",))
        if href.startswith(("http://", "https://", "ftp://")) and seen < _MOST_WAYS:
            seen += 1
            name = _first(found, ("{*}name",))
            yield Way(
                name,
                _first(found, ("{*}description",)) or name or href,
                _first(found, ("{*}protocol",)) or "WWW:LINK-1.0-http--link",
                href,
            )


def _code(root: etree._Element, paths: tuple[str, ...]) -> str:
    """The value of a code list, or the text."""
    for path in paths:
        for element in root.iterfind(path):
            for child in element:
                value = child.get("codeListValue") or (child.text or "").strip() or _code(child, paths)
                if value:
                    return value
    return ""


def _first(root: etree._Element | None, paths: tuple[str, ...]) -> str:
    return next((text for path in paths for text in _all(root, path)), "")


def _all(root: etree._Element | None, path: str) -> Iterator[str]:
    """The texts of the elements on a path: of their CharacterString, Anchor, Date or URL."""
    if root is None:
        return
    for element in root.iterfind(path):
        text = (element.text or "").strip() or next(
            (str(inner).strip() for child in element for inner in child.itertext() if inner.strip()), ""
        )
        if text:
            yield " ".join(text.split()) if len(text) < 300 else text
