# SPDX-License-Identifier: Apache-2.0
"""Runs pycsw on one request, in the thread that is given; and our own reports of faults (OWS 1.0, as CSW 2.0.2 wants them)."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from lxml import etree

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal
from catalog.model.time import Micros, micros_text, now
from catalog.query import And, Order
from catalog.service import Catalog
from catalog.xml.build import document, el, root_element
from config.settings import Settings
from ogc.csw import shims
from ogc.csw.repository import ASKING, Asking
from ogc.csw.request import V2, CswRequest

MEDIA_TYPE, ATOM = "application/xml; charset=utf-8", "application/atom+xml"
_OWS, _OWS2 = "http://www.opengis.net/ows", "http://www.opengis.net/ows/2.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CODES = {
    Kind.MISSING: "MissingParameterValue",
    Kind.UNKNOWN_OPERATION: "OperationNotSupported",
    Kind.UNKNOWN_VERSION: "VersionNegotiationFailed",
}
_OURS = frozenset({Kind.BUSY, Kind.UNAVAILABLE, Kind.BAD_CREDENTIAL, Kind.FORBIDDEN})


@dataclass(frozen=True)
class Answer:
    """A document with its HTTP status."""

    body: bytes
    status: int
    media_type: str


class CswService:
    """CSW 2.0.2 and 3.0 over the catalogue."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    def answer(self, request: CswRequest, who: Principal, base_url: str) -> Answer:
        """What pycsw writes. Raises Fault BUSY when the search takes too long."""
        deadline = Deadline.after(self._settings.limits.search_seconds)
        # a count first: what the store refuses is our fault to report, pycsw would call it a wrong syntax
        total = self._catalog.count_records(request.tree, who, deadline)
        asking = Asking(self._catalog, who, deadline, request.tree, request.needs_xml, base_url, total)
        token = ASKING.set(asking)
        try:
            configuration = self._configuration(base_url, self._inspire(who, deadline))
            engine = shims.load().Csw(configuration, _environ(request), request.version)
            said, body = engine.dispatch_wsgi()
        finally:
            ASKING.reset(token)
        deadline.check()
        document = shims.trimmed(bytes(body), request.version, base_url)
        if request.version == V2:
            return Answer(document, 200, MEDIA_TYPE)
        media_type = ATOM if document[:300].find(b"<atom:feed") >= 0 else MEDIA_TYPE
        return Answer(document, int(str(said).split()[0]), media_type)

    def _inspire(self, who: Principal, deadline: Deadline) -> dict[str, str]:
        """What INSPIRE's extension of the capabilities says: from the first to the last thing that is catalogued, and when that changed."""
        asked, contact = self._settings.csw.inspire, self._settings.service.contact
        if asked is None:
            return {"enabled": "false"}
        span = self._catalog.span_of_records(And(()), who, deadline) or (now(), now())
        newest = self._catalog.search_records(And(()), who, deadline, Order.MODIFIED_DOWN, 1)
        changed = newest[0].modified if newest else now()
        return {
            "enabled": "true", "languages_supported": "eng,fre", "default_language": "eng", "date": micros_text(changed)[:10], "gemet_keywords": ",".join(asked.themes),
            "conformity_service": asked.conformity, "contact_name": contact.organisation, "contact_email": contact.email,
            "temp_extent": "/".join(micros_text(Micros(min(end, now())))[:10] for end in span),
        }  # fmt: skip

    def _configuration(self, base_url: str, inspire: dict[str, str]) -> dict[str, dict[str, str]]:
        service, contact = self._settings.service, self._settings.service.contact
        return {
            "server": {
                "home": ".", "url": f"{base_url}/csw", "mimetype": "application/xml; charset=UTF-8", "encoding": "UTF-8", "language": "en-US",
                "maxrecords": "1000", "profiles": "apiso",
            },
            "manager": {"transactions": "false", "allowed_ips": "127.0.0.1"},
            "metadata:main": {
                "identification_title": service.title.en, "identification_abstract": service.abstract.en, "identification_keywords": "catalogue,satellite,land",
                "identification_keywords_type": "theme", "identification_fees": service.fees, "identification_accessconstraints": service.access_constraints,
                "provider_name": contact.organisation, "provider_url": contact.website, "contact_name": contact.person, "contact_position": "-",
                "contact_address": "-", "contact_city": "-", "contact_stateorprovince": "-", "contact_postalcode": "-", "contact_country": "-",
                "contact_phone": "-", "contact_fax": "-", "contact_email": contact.email, "contact_url": contact.website, "contact_hours": "-",
                "contact_instructions": "-", "contact_role": "pointOfContact",
            },
            "repository": {"source": "ogc.csw.repository.Repository", "database": "none", "table": "records"},
            "metadata:inspire": inspire,
        }  # fmt: skip


def _environ(request: CswRequest) -> dict[str, object]:
    """A WSGI environment with nothing of the client but what our edge has read."""
    return {
        "REQUEST_METHOD": request.method, "QUERY_STRING": request.query, "CONTENT_LENGTH": str(len(request.body)), "wsgi.input": BytesIO(request.body),
        "wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SCRIPT_NAME": "", "PATH_INFO": "/csw", "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip


def status(fault: Fault, version: str) -> int:
    """200, as CSW 2.0.2 clients read exceptions, and 400 in 3.0 (12-176r7, 6.7), but for what is none of the request's words."""
    usual = 200 if version == V2 else 400
    return {Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403}.get(
        fault.kind, 503 if fault.kind in _OURS else usual
    )


def code(fault: Fault) -> str:
    """The exception code of a fault."""
    return "NoApplicableCode" if fault.kind in _OURS else _CODES.get(fault.kind, "InvalidParameterValue")


def reported(body: bytes) -> tuple[str, str] | None:
    """Code and text of the report that a document is; None for any other."""
    if b"ExceptionReport" not in body[:1_000]:
        return None
    found = next(etree.fromstring(body).iter("{*}Exception"), None)
    if found is None:
        return None
    return found.get("exceptionCode", ""), " ".join(str(part).strip() for part in found.itertext()).strip()


def report(fault: Fault, version: str) -> bytes:
    """An ExceptionReport of OWS 1.0, and of OWS 2.0 for CSW 3.0."""
    space, place, words = (
        (_OWS, "ows/1.0.0", {"version": "1.2.0", "language": "en"}) if version == V2
        else (_OWS2, "ows/2.0", {"version": "3.0.0", "{http://www.w3.org/XML/1998/namespace}lang": "en"})
    )  # fmt: skip
    root = root_element(f"{{{space}}}ExceptionReport", {"ows": space, "xsi": _XSI}, words)
    root.set(
        f"{{{_XSI}}}schemaLocation", f"{space} http://schemas.opengis.net/{place}/owsExceptionReport.xsd"
    )
    exception: etree._Element = el(
        root,
        f"{{{space}}}Exception",
        exceptionCode=code(fault),
        **({"locator": fault.locator} if fault.locator else {}),
    )
    el(exception, f"{{{space}}}ExceptionText", fault.text)
    return document(root)
