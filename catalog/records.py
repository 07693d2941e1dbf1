# SPDX-License-Identifier: Apache-2.0
"""Records of collections, products and stations, composed from the type and the thing: nothing in them is typed twice."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.model.area import WORLD, Box, union
from catalog.model.observation import Station
from catalog.model.product import Product
from catalog.model.record import Record
from catalog.model.time import Micros, Period, day_text
from catalog.places import covered
from catalog.words import indexed
from config.collections import Place
from config.product_types import ProductType
from config.published import Published
from config.series_types import SeriesType

LINEAGE = "hysope:lineage"
"""The quality entry in which ingest keeps how a product was made."""
_NEAR = 0.15
"""Degrees: a town this near to a station is a word that finds it."""


def product_record(
    kind: ProductType, product: Product, places: Sequence[Place], key: int, modified: Micros
) -> Record:
    """The record of a published product."""
    title = " – ".join(part for part in (kind.title.en, product.zone, day_text(product.day)) if part)
    towns = covered(product.boxes, places)
    words = (title, product.id, product.id.replace("_", " "), product.platform, *towns, *texts(kind))
    return Record(
        product.id, "product", kind.id, title, kind.abstract.en, _keywords(kind), product.period, modified, union(product.boxes) or WORLD,
        indexed(" ".join(words)), key, audience=product.audience, lineage=product.quality.get(LINEAGE, ""),
    )  # fmt: skip


def station_record(
    kind: SeriesType, station: Station, places: Sequence[Place], span: tuple[Micros, Micros], modified: Micros
) -> Record:
    """The record of a station: its first to its last observation."""
    title = (
        f"{station.water or station.name}, {station_place(station)}"
        if station_place(station)
        else station.water or station.name
    )
    words = (
        title, station.name, station.name.replace("_", " "), *station.aliases, station.basin, station.country,
        *covered((station.box,), places, _NEAR), *texts(kind),
    )  # fmt: skip
    abstract = f"{kind.title.en}: {station.name}. {kind.abstract.en}"
    return Record(
        station.id, "station", kind.id, title, abstract, _keywords(kind), _period(span), modified, station.box,
        indexed(" ".join(words)), None, station.key,
    )  # fmt: skip


def station_place(station: Station) -> str:
    """Where a station is, for people: the distance to the mouth, the basin, the country, as far as they are known."""
    parts = (
        f"km {station.distance_km:g}" if station.distance_km is not None else "",
        f"{station.basin} basin" if station.basin and station.basin != station.water else "",
        station.country,
    )
    return ", ".join(part for part in parts if part)


def collection_record(kind: Published, box: Box, period: Period, modified: Micros) -> Record:
    """The record of a collection, as far as one of its things tells of it; the store widens what is there."""
    words = indexed(" ".join((kind.id, *texts(kind))))
    abstract = f"{kind.abstract.en}\n{kind.abstract.fr}"
    return Record(
        kind.id, "collection", kind.id, kind.title.en, abstract, _keywords(kind), period, modified, box, words
    )


def of_product(kind: ProductType, product: Product, modified: Micros) -> Record:
    """What a product tells of its collection."""
    return collection_record(kind, union(product.boxes) or WORLD, product.period, modified)


def of_station(kind: SeriesType, station: Station, span: tuple[Micros, Micros], modified: Micros) -> Record:
    """What a station tells of its collection."""
    return collection_record(kind, station.box, _period(span), modified)


def _period(span: tuple[Micros, Micros]) -> Period:
    return Period(span[0], Micros(span[1] + 1))


def _keywords(kind: Published) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for word in kind.keywords for text in (word.en, word.fr)))


def texts(kind: Published) -> tuple[str, ...]:
    """Everything of a collection that people search by, in both languages."""
    return (
        kind.title.en, kind.title.fr, kind.abstract.en, kind.abstract.fr, *_keywords(kind), kind.level, kind.producer, kind.centre,
        kind.attribution, *kind.platforms, (kind.instrument or "") if isinstance(kind, ProductType) else "",
    )  # fmt: skip
