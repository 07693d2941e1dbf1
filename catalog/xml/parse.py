# SPDX-License-Identifier: Apache-2.0
"""The only XML parser (THREATS D3): size first, no DOCTYPE of any kind, no network, no entities, never `recover`."""

from __future__ import annotations

from lxml import etree

from catalog.model.faults import Fault, Kind, too_large


def parse(document: bytes, limit: int) -> etree._Element:
    """The root of a document. Raises Fault INVALID or TOO_LARGE."""
    if len(document) > limit:
        raise too_large(f"a document of {len(document)} bytes", limit, "limits.body_bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Fault(Kind.INVALID, f"is not well-formed XML (line {error.lineno})") from error
    except ValueError as error:
        raise Fault(Kind.INVALID, "is not XML in a known encoding") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault(Kind.INVALID, "a document with a DOCTYPE is refused")
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    """The trimmed, non-empty texts of the elements on a path without namespaces."""
    return [element.text.strip() for element in root.iterfind(path) if element.text and element.text.strip()]


def text(root: etree._Element, path: str) -> str:
    """The first text on a path, or an empty one."""
    return next(iter(texts(root, path)), "")
