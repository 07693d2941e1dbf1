# SPDX-License-Identifier: Apache-2.0
"""XML is built in document order, one call an element. Characters that XML cannot hold are dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """A text without the characters that no XML document may hold."""
    return _FORBIDDEN.sub("", text)


def root_element(
    tag: str, namespaces: Mapping[str | None, str], attributes: Mapping[str, str] | None = None
) -> etree._Element:
    """A root with its namespaces; the prefix None is the default one."""
    return etree.Element(tag, dict(attributes or {}), nsmap=dict(namespaces))  # type: ignore[arg-type]


def el(
    parent: etree._Element, tag: str, text: str | float | None = None, **attributes: str | float
) -> etree._Element:
    """Appends an element with a text and attributes; `ns__name` attributes are not needed here, use `set`."""
    child = etree.SubElement(parent, tag, {name: clean(str(value)) for name, value in attributes.items()})
    if text is not None:
        child.text = clean(str(text))
    return child


def document(root: etree._Element) -> bytes:
    """The document as UTF-8 with its declaration."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
