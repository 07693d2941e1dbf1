# SPDX-License-Identifier: Apache-2.0
"""Everything that pycsw 2.6.2 needs from us to run on today's libraries, and what we take out of it. A contract test names each upstream defect.

The stand-in modules exist only while pycsw is imported; nothing else sees them.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import types
from functools import lru_cache
from typing import Any

from lxml import etree

from ogc.filter.fes import SPATIAL

_ARITHMETIC = re.compile(rb"<ogc:ArithmeticOperators>.*?</ogc:ArithmeticOperators>", re.DOTALL)
_ARITHMETIC3 = re.compile(
    rb"<fes20:ArithmeticOperators>.*?</fes20:ArithmeticOperators>|<fes20:Functions>.*?</fes20:Functions>|<fes20:Functions/>"
    rb'|<ows20:Operation name="GetRepositoryItem">.*?</ows20:Operation>',
    re.DOTALL,
)
_NOT_HERE = re.compile(
    rb'(<fes20:Constraint name="Implements(?:Query|Functions|SpatialFilter|MinTemporalFilter|TemporalFilter|VersionNav|ExtendedOperators|MinimumXPath|'
    rb'SchemaElementFunc)">'
    rb"<ows11:NoValues/><ows11:DefaultValue>)TRUE"
)
"""Conformance classes of FES 2.0 that filters here do not have, and that pycsw claims."""
_LOADING = threading.Lock()


def load() -> Any:
    """The module pycsw.server, ready for use; loaded on first use."""
    with _LOADING:
        return _load()


@lru_cache(1)
def _load() -> Any:
    added = [name for name in ("pkg_resources", "cgi") if name not in sys.modules]
    for name in added:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["pkg_resources"].require = lambda *_: [types.SimpleNamespace(version="2.6.2")]  # type: ignore[attr-defined]
    try:
        from pycsw import server
        from pycsw.ogc.csw import csw2, csw3
        from pycsw.ogc.fes import fes1, fes2
    finally:
        for name in added:
            sys.modules.pop(name, None)
    csw2.etree = csw3.etree = _CachedEtree()
    fes1.MODEL["SpatialOperators"]["values"] = list(SPATIAL)
    fes1.MODEL["Functions"] = {}
    fes2.MODEL["SpatialOperators"]["values"] = list(SPATIAL)
    fes2.MODEL["Functions"] = {}
    logging.getLogger("pycsw").addHandler(logging.NullHandler())
    logging.getLogger("pycsw").propagate = False
    return server


def trimmed(document: bytes, version: str, base_url: str) -> bytes:
    """A document without what does not hold here: functions in filters, a door of OpenSearch that we have elsewhere, and the engine's own name."""
    document = document.replace(b"<!-- pycsw 2.6.2 -->\n", b"", 1)
    if version == "3.0.0":
        search = (
            f"{base_url}/csw?mode=opensearch&amp;service=CSW&amp;version=3.0.0&amp;request=GetCapabilities"
        )
        document = document.replace(search.encode(), f"{base_url}/opensearch".encode())
        return _NOT_HERE.sub(rb"\g<1>FALSE", _ARITHMETIC3.sub(b"", document))
    return _ARITHMETIC.sub(b"", document, count=1)


class _CachedEtree:
    """lxml.etree as csw2 sees it: schemas are read once (17 ms a request), documents are parsed without network or entities."""

    def __getattr__(self, name: str) -> Any:
        return getattr(etree, name)

    @staticmethod
    @lru_cache(8)
    def XMLSchema(*, file: str) -> etree.XMLSchema:  # noqa: N802  (lxml's name)
        """A schema that ships with pycsw."""
        return etree.XMLSchema(file=file)

    @staticmethod
    def XMLParser(**options: Any) -> etree.XMLParser:  # noqa: N802
        """A parser of pycsw's, hardened; the document was parsed by our own before."""
        return etree.XMLParser(
            **{**options, "no_network": True, "load_dtd": False, "resolve_entities": False}
        )
