# SPDX-License-Identifier: Apache-2.0
"""`/csw`: HTTP to the service and back."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.model.faults import Fault
from catalog.model.principal import Role
from catalog.xml.parse import parse
from ogc.csw import service
from ogc.csw.request import V2, V3, asked_version, from_kvp, from_xml
from ogc.csw.service import ATOM, Answer, CswService
from ogc.http import soap
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE
from ogc.http.kvp import Kvp
from ogc.http.soap import unwrapped

_DESCRIPTION = "application/opensearchdescription+xml"


class CswEndpoint:
    """GET, XML POST and SOAP."""

    def __init__(self, csw: CswService, edge: Edge) -> None:
        self._csw, self._edge = csw, edge

    async def __call__(self, request: Request) -> Response:
        """The answer; every fault leaves as an ows:ExceptionReport, in a SOAP fault where the request came in SOAP."""
        version, envelope = V2, ""
        first = self._edge.settings.csw.longitude_first
        try:
            if self._edge.has_xml(request):
                body = await self._edge.body(request)
                version = asked_version({}, body)
                posted = unwrapped(parse(body, self._edge.settings.limits.body_bytes))
                envelope = posted.envelope
                read = from_xml(posted.root, longitude_first=first)
            else:
                kvp = self._asked(await self._edge.kvp(request), request.headers.get("accept", ""))
                if kvp is None:
                    return RedirectResponse(f"{self._edge.base_url(request)}/opensearch")
                version = asked_version(kvp, b"")
                read = from_kvp(kvp, longitude_first=first)
            who, base = await self._edge.principal(request), self._edge.base_url(request)
            said = await self._edge.pool.run(partial(self._csw.answer, read, who, base))
        except Fault as fault:
            return _refused(fault, version, envelope)
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"Cache-Control": f"{scope}, max-age=60", "Vary": "Authorization, X-API-Key"}
        if envelope:
            return _enveloped(said, envelope, headers)
        return Response(said.body, said.status, headers, said.media_type)

    @staticmethod
    def _asked(kvp: Kvp, accept: str) -> Kvp | None:
        """The parameters, with what 3.0 has `Accept` and an address without any parameter mean (requirements 2, 6 to 8); None: OpenSearch's description."""
        wish = accept.split(",")[0].split(";")[0].strip().lower()
        if not kvp:
            return None if wish == _DESCRIPTION else {"SERVICE": "CSW", "REQUEST": "GetCapabilities", "ACCEPTVERSIONS": V3}  # fmt: skip
        if wish == ATOM and kvp.get("VERSION") == V3 and "OUTPUTFORMAT" not in kvp and kvp.get("REQUEST", "").startswith("GetRecord"):  # fmt: skip
            return {**kvp, "OUTPUTFORMAT": ATOM}
        return kvp


def _enveloped(said: Answer, envelope: str, headers: dict[str, str]) -> Response:
    """An answer in its envelope; a report that the engine wrote becomes a fault, as ours do."""
    found = service.reported(said.body)
    if found is not None:
        body = soap.fault(envelope, said.body, *found, ours=False)
        return Response(body, 400, {"Cache-Control": "no-store"}, soap.MEDIA_TYPES[envelope])
    body = soap.begin(envelope) + soap.bare(said.body) + soap.END
    return Response(body, said.status, headers, soap.MEDIA_TYPES[envelope])


def _refused(fault: Fault, version: str, envelope: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    # in SOAP a fault is a status of its own (SOAP 1.2 part 2, 7.5), whatever the version says without it
    status = service.status(fault, V3 if envelope else version)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    report, media_type = service.report(fault, version), service.MEDIA_TYPE
    if envelope:
        report = soap.fault(envelope, report, service.code(fault), fault.text, ours=status >= 500)
        media_type = soap.MEDIA_TYPES[envelope]
    return Response(report, status_code=status, media_type=media_type, headers=headers)
