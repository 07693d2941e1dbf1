# SPDX-License-Identifier: Apache-2.0
"""SOAP around an OWS protocol: a request out of its envelope, an answer into one, a report into a fault.

SOAP 1.2 part 1 (W3C, 2007), clauses 5.1 and 5.4; SOAP 1.1 clause 4; 06-121r3, clause 11.8 says where an ExceptionReport stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from catalog.model.faults import Fault, Kind

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
MEDIA_TYPES = {SOAP_11: "text/xml", SOAP_12: "application/soap+xml"}
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Posted:
    """A body in XML: the request in it, and the namespace of the SOAP envelope around it; empty for none."""

    root: etree._Element
    envelope: str


def unwrapped(root: etree._Element) -> Posted:
    """A request out of its envelope, if it has one. Raises Fault INVALID_REQUEST where the envelope has not one request."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in MEDIA_TYPES:
        return Posted(root, "")
    body = next((child for child in root if etree.QName(child).localname == "Body"), None)
    if body is None or len(body) != 1:
        raise Fault(Kind.INVALID_REQUEST, "a SOAP envelope holds a Body with one request")
    return Posted(body[0], str(name.namespace))


def begin(envelope: str) -> bytes:
    """What stands before an answer's root."""
    return _DECLARATION + f'<env:Envelope xmlns:env="{envelope}"><env:Body>'.encode()


END = b"</env:Body></env:Envelope>\n"


def bare(part: bytes) -> bytes:
    """The first part of an XML document without its declaration, as it stands inside an envelope."""
    return part[part.index(b"?>") + 2 :].lstrip() if part.startswith(b"<?xml") else part


def fault(envelope: str, report: bytes, code: str, text: str, *, ours: bool) -> bytes:
    """A SOAP fault around an exception report; `ours` when the server is to blame."""
    inside, reason = bare(report), escape(text)
    if envelope == SOAP_11:
        who = "Server" if ours else "Client"
        told = (
            f"<env:Fault><faultcode>env:{who}</faultcode><faultstring>{reason}</faultstring><detail>".encode()
        )
        return begin(envelope) + told + inside + b"</detail></env:Fault>" + END
    who = "Receiver" if ours else "Sender"
    told = (
        f"<env:Fault><env:Code><env:Value>env:{who}</env:Value><env:Subcode>"
        f'<env:Value xmlns:ows="http://www.opengis.net/ows/1.1">ows:{escape(code)}</env:Value></env:Subcode></env:Code>'
        f'<env:Reason><env:Text xml:lang="en">{reason}</env:Text></env:Reason><env:Detail>'
    ).encode()
    return begin(envelope) + told + inside + b"</env:Detail></env:Fault>" + END
