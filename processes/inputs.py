# SPDX-License-Identifier: Apache-2.0
"""What is ordered, checked before anything is queued: each fault names the input, what was wrong with it, and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Product
from catalog.model.time import Period, read_instant
from catalog.query import Among, And, Compare, During, Filter, Meets, Order, Property, Relation
from catalog.service import Catalog
from config.chains import Merged, Process, Selection, Stretch

PRODUCTS = "products"
_FORMATS = FormatChecker(("date",))
_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._@-]{0,250}$"}


@dataclass(frozen=True)
class Ordered:
    """An order that can be run: the products, in their order, and the value of every input."""

    products: tuple[Product, ...]
    values: Mapping[str, Any]


def products_schema(selection: Selection) -> dict[str, Any]:
    """The JSON Schema of a selection: ids, or a search."""
    search = {
        "type": "object",
        "properties": {
            "collection": {"type": "string", "enum": list(selection.collections)},
            "datetime": {
                "type": "string",
                "description": "a date, or an interval start/end; both ends are in",
            },
            "bbox": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 4,
                "maxItems": 4,
                "description": "west, south, east, north; degrees",
            },
            "max_cloud": {"type": "number", "minimum": 0, "maximum": 100},
        },
        "required": ["collection"],
        "additionalProperties": False,
    }
    ids = {"type": "array", "items": _ID, "minItems": 1, "maxItems": selection.most, "uniqueItems": True}
    example = {
        "collection": selection.collections[0],
        "datetime": "2023-03-01/2023-03-31",
        "bbox": [0.4, 43.4, 1.6, 44.3],
        "max_cloud": 40,
    }
    return {"oneOf": [ids, search, _ID], "examples": [example]}


def read_order(
    process: Process, inputs: Mapping[str, Any], catalog: Catalog, who: Principal, deadline: Deadline
) -> Ordered:
    """An order of a process. Raises Fault INVALID, MISSING or UNKNOWN_PRODUCT with the input as the locator."""
    selection = process.selection
    known = [*([PRODUCTS] if selection else []), *process.inputs]
    for name in inputs:
        if name not in known:
            raise Fault(
                Kind.INVALID, f"there is no input {name[:60]!r}; the inputs are {', '.join(known)}", name[:60]
            )
    if selection and PRODUCTS not in inputs:
        raise Fault(Kind.MISSING, "the input products is required", PRODUCTS)
    values = {
        name: _value(name, value.schema_, value.required, inputs) for name, value in process.inputs.items()
    }
    for stretch in process.periods:
        _check_period(stretch, values)
    if selection is None:
        return Ordered((), values)
    given = _checked(PRODUCTS, _unqualified(inputs[PRODUCTS]), products_schema(selection))
    products = _found(selection, given, catalog, who, deadline)
    for product in products:
        _usable(selection, product)
    if isinstance(process.run, Merged) and len({product.zone for product in products}) > 1:
        raise Fault(
            Kind.INVALID,
            "the input products: they are of several tiles; one result is made of one tile",
            PRODUCTS,
        )
    return Ordered(products, values)


def _value(name: str, schema: Mapping[str, Any], required: bool, inputs: Mapping[str, Any]) -> Any:
    if name not in inputs:
        if required:
            raise Fault(Kind.MISSING, f"the input {name} is required", name)
        return schema.get("default")
    value = inputs[name]
    told = value.get("mediaType") if isinstance(value, dict) else None
    promised = schema.get("contentMediaType", "application/json" if schema.get("type") == "object" else None)
    if told is not None and "value" in value and told != promised:
        raise Fault(
            Kind.INVALID,
            f"the input {name}: its media type is {promised or 'not told'}, not {str(told)[:60]}",
            name,
        )
    if isinstance(value, dict) and "href" not in value and Draft202012Validator(dict(schema)).is_valid(value):
        return value
    return _checked(name, _unqualified(value), schema)


def _check_period(stretch: Stretch, values: Mapping[str, Any]) -> None:
    """Raises Fault INVALID for days that are in the wrong order, too near, too far apart or too long ago."""
    start, end = (date.fromisoformat(values[name]) for name in (stretch.start, stretch.end))
    days = (end - start).days
    if start < stretch.not_before:
        raise Fault(
            Kind.INVALID, f"the input {stretch.start}: {start} is before {stretch.not_before}", stretch.start
        )
    if not stretch.least_days <= days <= stretch.most_days:
        raise Fault(
            Kind.INVALID,
            f"the input {stretch.end}: it is {days} days after {stretch.start}; allowed are {stretch.least_days} to {stretch.most_days}",
            stretch.end,
        )


def _unqualified(value: Any) -> Any:
    """A qualified value (`{"value": …}`, 18-062r2 clause 7.11.2.5) without its envelope."""
    if (
        isinstance(value, dict)
        and set(value) <= {"value", "mediaType", "encoding", "schema"}
        and "value" in value
    ):
        return value["value"]
    return value


def _checked(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    error = best_match(Draft202012Validator(dict(schema), format_checker=_FORMATS).iter_errors(value))
    if error is not None:
        where = "".join(f"[{part!r}]" for part in error.absolute_path)
        raise Fault(Kind.INVALID, f"the input {name}{where}: {error.message[:300]}", name)
    return value


def _found(
    selection: Selection, given: Any, catalog: Catalog, who: Principal, deadline: Deadline
) -> tuple[Product, ...]:
    if isinstance(given, dict):
        found = catalog.search(_tree(given), who, deadline, Order.OLDEST, selection.most + 1)
        if not found:
            raise Fault(Kind.INVALID, "the input products: nothing matches this search", PRODUCTS)
        if len(found) > selection.most:
            raise Fault(
                Kind.INVALID,
                f"the input products: more than {selection.most} products match; search for less",
                PRODUCTS,
            )
        return found
    ids = [given] if isinstance(given, str) else given
    out = []
    for name in ids:
        try:
            product = catalog.product(name, who, deadline)
        except Fault as fault:
            raise Fault(fault.kind, f"the input products: {fault.text}", PRODUCTS) from fault
        if product.collection not in selection.collections:
            raise Fault(
                Kind.INVALID,
                f"the input products: {name} is of {product.collection}, not of {', '.join(selection.collections)}",
                PRODUCTS,
            )
        out.append(product)
    return tuple(out)


def _tree(search: Mapping[str, Any]) -> Filter:
    parts: list[Filter] = [Among(Property.COLLECTION, (search["collection"],))]
    try:
        if "datetime" in search:
            start, slash, end = str(search["datetime"]).partition("/")
            first = read_instant(start)
            parts.append(During(Period(first.start, (read_instant(end) if slash else first).end)))
        if "bbox" in search:
            west, south, east, north = (float(side) for side in search["bbox"])
            parts.append(Meets(Box(west=west, south=south, east=east, north=north)))
    except Fault as fault:
        raise Fault(Kind.INVALID, f"the input products: {fault.text}", PRODUCTS) from fault
    if "max_cloud" in search:
        parts.append(Compare(Property.CLOUD, Relation.AT_MOST, float(search["max_cloud"])))
    return And(tuple(parts))


def _usable(selection: Selection, product: Product) -> None:
    """Raises Fault INVALID when a product lacks a band; one that lies on tape is waited for when the job runs."""
    for band in selection.bands:
        asset = product.asset_of(band)
        if asset is None:
            raise Fault(Kind.INVALID, f"the input products: {product.id} has no band {band}", PRODUCTS)
