# SPDX-License-Identifier: Apache-2.0
"""New observations as an Atom feed (RFC 4287): what a feed reader or a script that asks every hour follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from catalog.model.observation import Point
from catalog.model.time import micros_text, now
from catalog.xml.build import document, el, root_element
from ogc.series.rows import Told

MEDIA_TYPE = "application/atom+xml"
_ATOM, _GEORSS = "http://www.w3.org/2005/Atom", "http://www.georss.org/georss"


def encode(
    found: Sequence[Told], latest: Mapping[int, Point], address: str, server: str, author: str
) -> bytes:
    """The feed: an entry for each series, that which changed last first; its id changes with each delivery."""
    root = root_element(f"{{{_ATOM}}}feed", {None: _ATOM, "georss": _GEORSS})
    _el(root, "id", address)
    _el(root, "title", "New observations")
    _el(root, "updated", micros_text(max((one.series.modified for one in found), default=now())))
    _el(_el(root, "author"), "name", author)
    _el(root, "link", rel="self", href=address, type=MEDIA_TYPE)
    _el(root, "link", rel="hub", href=f"{server}/hub")
    for one in found:
        _entry(_el(root, "entry"), one, latest.get(one.series.key), server)
    return document(root)


def _entry(out: etree._Element, told: Told, newest: Point | None, server: str) -> None:
    series, station = told.series, told.station
    page = f"{server}/stations/{station.id}"
    _el(out, "id", f"{page}#{series.collection}.{series.observed_property}.{series.modified}")
    _el(out, "title", f"{station.water or station.name}: {told.observed.title.en}")
    _el(out, "updated", micros_text(series.modified))
    if newest is not None:
        text = f"{station.name}, {micros_text(newest.time)}: {newest.value:g} {told.observed.unit}"
        above = series.anomaly(newest.value)
        _el(
            out,
            "summary",
            text if above is None else f"{text} ({above:+.1f} standard deviations from its mean)",
        )
    for word in filter(None, (station.basin, series.collection)):
        _el(out, "category", term=word)
    _el(out, "link", rel="alternate", href=page, type="text/html")
    _el(out, "link", rel="enclosure", href=f"{server}/series?station={station.id}&f=csv", type="text/csv")
    el(out, f"{{{_GEORSS}}}point", f"{station.latitude} {station.longitude}")


def _el(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    return el(parent, f"{{{_ATOM}}}{name}", text, **attributes)
