# SPDX-License-Identifier: Apache-2.0
"""What JSON doors share: bodies read strictly, and refusals with their headers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from catalog.model.faults import Fault, invalid
from ogc.http.identity import CHALLENGE

Handler = Callable[[Request], Awaitable[Response]]
"""What a route of a JSON door calls."""
PRIVATE = {"Cache-Control": "no-store", "Vary": "Authorization, X-API-Key"}
_DEPTH = 20


def read_json(body: bytes) -> Any:
    """A JSON document without NaN and without deep nesting. Raises Fault INVALID."""
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid("the body is not JSON") from error
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise invalid("the body is nested too deep")
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return found


def answering(refusal: Callable[[Fault], Response]) -> Callable[[Handler], Handler]:
    """What makes a door of a handler: a fault leaves as that door's own document."""

    def answered(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except Fault as fault:
                return refusal(fault)

        return answer

    return answered


def refused(fault: Fault, status: int, body: bytes) -> Response:
    """A refusal: with a challenge where a credential is wanted, and when to come again where that is known."""
    headers = dict(PRIVATE)
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(body, status, headers, "application/json")


def refused_plainly(fault: Fault, status: int) -> Response:
    """A refusal as a line of text, with the headers of `refused`."""
    answer = refused(fault, status, f"{fault.text}\n".encode())
    answer.headers["content-type"] = "text/plain; charset=utf-8"
    return answer


async def unrouted(_request: Request, error: Exception) -> Response:
    """What an address or a method that no door has is answered: members for readers of the OGC API and of the STAC API.

    Raises the error again where it is none of HTTP's.
    """
    if not isinstance(error, HTTPException):
        raise error
    said = {"type": "about:blank", "title": error.detail, "status": error.status_code}
    words = {"code": error.detail.replace(" ", ""), "description": "there is nothing at this address"}
    if error.status_code == 405:
        words["description"] = "this address does not take this method"
    return JSONResponse({**said, "detail": words["description"], **words}, error.status_code, error.headers)


def _no_constant(text: str) -> float:
    raise ValueError(text)
