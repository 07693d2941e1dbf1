# SPDX-License-Identifier: Apache-2.0
"""A JSON document as a page that people can read: the same members, the links to click."""

from __future__ import annotations

from html import escape
from typing import Any

from ogc.common.blocks import Document

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b2a33;background:#fff}
header{background:#12384a;color:#fff;padding:.7rem 1.2rem}header a{color:#cfe6f2;text-decoration:none}
main{max-width:60rem;margin:0 auto;padding:1rem 1.2rem 3rem}h1{font-size:1.5rem;margin:.6rem 0}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.3rem 1rem;margin:.2rem 0}dt{font-weight:600;color:#40535e}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
ul{margin:.2rem 0;padding-left:1.2rem}.card{border:1px solid #d5dfe4;border-radius:.4rem;padding:.6rem .9rem;margin:.6rem 0}
img{max-width:100%;border:1px solid #d5dfe4}a{color:#0b5c85}code{font-size:.9em}small{color:#5a6b74}
"""
_HEAVY = ("title", "description", "links", "stylesheet")


def page(document: Document, crumbs: list[tuple[str, str]], json_address: str, picture: str = "") -> bytes:
    """The page of a document: crumbs are titles with addresses, the picture an address on this server."""
    title = str(document.get("title") or document.get("id") or "OGC API")
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>{escape(title)}</title><style>{_STYLE}</style>",
        "<header>"
        + " / ".join(f'<a href="{escape(href)}">{escape(text)}</a>' for text, href in crumbs)
        + "</header><main>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(str(document['description']))}</p>" if document.get("description") else "",
        f'<p><img src="{escape(picture)}" alt="{escape(title)}"></p>' if picture else "",
        _members({name: value for name, value in document.items() if name not in _HEAVY}),
        _links(document.get("links", [])),
        f'<p><small><a href="{escape(json_address)}">This document as JSON</a></small></p></main></html>',
    ]
    return "".join(parts).encode()


def _value(value: Any) -> str:
    if isinstance(value, dict) and {"href", "variables"} <= value.keys():
        return f"<code>{escape(value['href'])}</code>{_members(value['variables'])}"
    if isinstance(value, dict):
        return _geometry(value) if isinstance(value.get("coordinates"), list) else _members(value)
    if isinstance(value, list):
        if all(isinstance(one, dict) for one in value):
            return "".join(_card(one) for one in value)
        if all(isinstance(one, list) for one in value):
            return "<br>".join(_value(one) for one in value)
        return (
            "<ul>" + "".join(f"<li>{_value(one)}</li>" for one in value) + "</ul>"
            if len(value) > 6
            else escape(", ".join(map(str, value)))
        )
    text = str(value)
    return (
        f'<a href="{escape(text)}">{escape(text)}</a>'
        if text.startswith(("http://", "https://"))
        else escape(text)
    )


def _geometry(document: Document) -> str:
    """A GeoJSON geometry in a few words: a point's coordinates, of others how many there are and between which."""
    if document.get("type") == "Point":
        return f"Point {escape(', '.join(map(str, document['coordinates'])))}"
    level = [document["coordinates"]]
    while level and not isinstance(level[0][0], int | float):
        level = [child for one in level for child in one]
    low, high = ([f"{side(axis):.6g}" for axis in zip(*level, strict=False)][:2] for side in (min, max))
    return f"{escape(str(document.get('type', '')))}, {len(level)} positions from {', '.join(low)} to {', '.join(high)}"


def _members(document: Document) -> str:
    rows = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{_value(value)}</dd>" for name, value in document.items()
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _card(document: Document) -> str:
    """A document within a list: its title leads to itself."""
    links = document.get("links", [])
    ways = {(one.get("rel"), one.get("type")): one["href"] for one in reversed(links)}
    here = ways.get(("alternate", "text/html")) or next(
        (one["href"] for one in links if one.get("rel") == "self"), ""
    )
    title = escape(str(document.get("title") or document.get("id") or ""))
    head = f'<a href="{escape(here)}"><b>{title}</b></a>' if here else f"<b>{title}</b>"
    rest = {name: value for name, value in document.items() if name not in _HEAVY}
    said = f"<p>{escape(str(document['description']))}</p>" if document.get("description") else ""
    return f"<div class=card>{head if title else ''}{said}{_members(rest)}{_links([one for one in links if one.get('rel') != 'self'])}</div>"


def _links(links: list[Document]) -> str:
    if not links:
        return ""
    rows = []
    for one in links:
        text = escape(str(one.get("title") or one["rel"]))
        shown = (
            f"<code>{escape(one['href'])}</code>"
            if one.get("templated") or one.get("method", "GET") != "GET"
            else f'<a href="{escape(one["href"])}">{text}</a>'
        )
        rows.append(
            f"<li>{shown} <small>{escape(one['rel'].rpartition('/')[2])} {escape(one.get('type', ''))}</small></li>"
        )
    return f"<ul>{''.join(rows)}</ul>"
