# SPDX-License-Identifier: Apache-2.0
"""Which form of a resource, in which language; and that there is no parameter which nobody reads."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from catalog.model.faults import Fault, Kind
from ogc.http.fields import shown


def check_parameters(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The parameters, each once and each known. Raises Fault INVALID (17-069r4, requirement core/query-param-unknown)."""
    names = (*known, "f")
    out: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in names:
            raise Fault(
                Kind.INVALID, f"{shown(name)} is not a parameter; there are {', '.join(names)}", name[:60]
            )
        if name in out:
            raise Fault(Kind.INVALID, f"{name} is given twice", name)
        out[name] = value
    return out


def wants_html(request: Request) -> bool:
    """`f=html` or `f=json`, else the Accept header: HTML for who prefers it, as browsers do. Raises Fault INVALID."""
    form = request.query_params.get("f")
    if form is not None:
        if form not in ("json", "html"):
            raise Fault(Kind.INVALID, f"f: {shown(form)} is neither json nor html", "f")
        return form == "html"
    accepted = [part.split(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return "text/html" in accepted and "application/json" not in accepted


def language_of(request: Request) -> str:
    """`fr` for who asks for French first, else `en`."""
    return "fr" if request.headers.get("accept-language", "").lower().startswith("fr") else "en"
