# SPDX-License-Identifier: Apache-2.0
"""Where a page of products ended, as an opaque text of a link to the next one."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.product import Product
from catalog.query import Cursor, Filter, Order
from catalog.service import Catalog

DEEPEST = 10_000
"""How far a page by number may be from the first product; links to the next page have no such end."""
_TOKEN = re.compile(r"[A-Za-z0-9_=-]{1,120}\Z", re.ASCII)


def token(last: Cursor) -> str:
    """The token of the page behind a cursor."""
    raw = json.dumps([last.day, last.start, last.key, int(last.record), last.cloud]).encode()
    return base64.urlsafe_b64encode(raw).decode()


def read_token(text: Any) -> Cursor | None:
    """The cursor of a token; None for none. Raises Fault INVALID."""
    if text in (None, ""):
        return None
    try:
        if not isinstance(text, str) or not _TOKEN.match(text):
            raise ValueError
        day, start, key, record, cloud = json.loads(base64.urlsafe_b64decode(text))
        if not all(type(part) is int and abs(part) < 2**62 for part in (day, start, key)) or record not in (
            0,
            1,
        ):
            raise ValueError
        if cloud is not None and not (type(cloud) in (int, float) and abs(cloud) < 1_000):
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise Fault(Kind.INVALID, "the token is not one of ours", "token") from error
    return Cursor(day, start, key, record == 1, cloud)


def behind(
    catalog: Catalog, tree: Filter, who: Principal, deadline: Deadline, order: Order, passed: int
) -> Cursor | None:
    """Where so many products of a search end, for pages by number; None where it has no more than these. They are read without their files."""
    before = catalog.search(tree, who, deadline, order, passed, bands=())
    return cursor_of(before[-1]) if len(before) == passed else None


def cursor_of(last: Product) -> Cursor:
    """The cursor behind a product."""
    return Cursor(last.day, last.period.start, last.key, cloud=last.cloud)
