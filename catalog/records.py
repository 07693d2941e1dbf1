# SPDX-License-Identifier: Apache-2.0
"""Records of collections and products, composed from the product type and the product: nothing in them is typed twice."""

from __future__ import annotations

from catalog.model.area import WORLD, Box, union
from catalog.model.product import Product, Record
from catalog.model.time import Micros, day_text
from catalog.words import indexed
from config.product_types import ProductType


def product_record(kind: ProductType, product: Product, key: int, modified: Micros) -> Record:
    """The record of a published product."""
    title = " – ".join(part for part in (kind.title.en, product.zone, day_text(product.day)) if part)
    words = (title, product.id, product.id.replace("_", " "), product.platform, *_texts(kind))
    return Record(
        product.id,
        "product",
        kind.id,
        title,
        kind.abstract.en,
        _keywords(kind),
        product.period,
        modified,
        union(product.boxes) or WORLD,
        indexed(" ".join(words)),
        key,
    )


def collection_record(kind: ProductType, product: Product, modified: Micros) -> Record:
    """The record of a collection, as far as one product tells of it; the store widens what is there."""
    box: Box = union(product.boxes) or WORLD
    words = indexed(" ".join((kind.id, *_texts(kind))))
    abstract = f"{kind.abstract.en}\n{kind.abstract.fr}"
    return Record(
        kind.id,
        "collection",
        kind.id,
        kind.title.en,
        abstract,
        _keywords(kind),
        product.period,
        modified,
        box,
        words,
    )


def _keywords(kind: ProductType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for word in kind.keywords for text in (word.en, word.fr)))


def _texts(kind: ProductType) -> tuple[str, ...]:
    """Everything of a product type that people search by, in both languages."""
    return (
        kind.title.en, kind.title.fr, kind.abstract.en, kind.abstract.fr, *_keywords(kind), kind.level, kind.producer, kind.centre,
        kind.attribution, *kind.platforms, kind.instrument or "",
    )  # fmt: skip
