# SPDX-License-Identifier: Apache-2.0
"""What the OWS protocols share: the ows:ExceptionReport of OWS Common 1.1 (06-121r3, clause 8), the rules of updateSequence."""

from __future__ import annotations

from catalog.model.faults import Fault, Kind
from catalog.xml.build import document, el, root_element

OWS = "http://www.opengis.net/ows/1.1"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"


def exception_report(code: str, text: str, locator: str, version: str) -> bytes:
    """A report with one exception, valid against owsExceptionReport.xsd; `version` is the protocol's."""
    root = root_element(f"{{{OWS}}}ExceptionReport", {"ows": OWS, "xsi": _XSI}, {"version": version})
    root.set(f"{{{_XML}}}lang", "en")
    root.set(f"{{{_XSI}}}schemaLocation", f"{OWS} http://schemas.opengis.net/ows/1.1.0/owsAll.xsd")
    exception = el(root, f"{{{OWS}}}Exception", exceptionCode=code)
    if locator:
        exception.set("locator", locator)
    el(exception, f"{{{OWS}}}ExceptionText", text)
    return document(root)


def check_update_sequence(asked: str, here: int) -> None:
    """06-121r3, 7.3.4 (and WMS 1.3.0, table 5): equal is CurrentUpdateSequence, higher is InvalidUpdateSequence, lower is the document."""
    if not asked:
        return
    if not asked.isascii() or not asked.isdigit() or len(asked) > 18 or int(asked) > here:
        raise Fault(Kind.BAD_UPDATE_SEQUENCE, f"the update sequence is {here}", "UPDATESEQUENCE")
    if int(asked) == here:
        raise Fault(Kind.CURRENT_UPDATE_SEQUENCE, "the capabilities have not changed", "UPDATESEQUENCE")
