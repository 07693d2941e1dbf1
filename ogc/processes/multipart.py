# SPDX-License-Identifier: Apache-2.0
"""Several raw outputs in one answer (18-062r2, clause 7.13, requirement sync-raw-value-multi): multipart/related (RFC 2387), a part each."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence

from processes.service import Given

_BOUNDARY = f"hysope-{secrets.token_hex(16)}"
"""Of this process; 128 random bits are in no output."""
MEDIA_TYPE = f'multipart/related; boundary="{_BOUNDARY}"'
_PIECE = 1 << 20


def parts(outputs: Sequence[Given], job: str, wanted: Mapping[str, bool]) -> Iterator[bytes]:
    """The body, a piece after the other; an output by reference is an empty part with its address. `job` is that of the job."""
    for one in outputs:
        yield f"--{_BOUNDARY}\r\nContent-ID: <{one.name}>\r\n".encode()
        if wanted.get(one.name):
            address = f"{job}/results/{one.name}"
            yield f"Content-Type: {one.output.media_type}\r\nContent-Location: {address}\r\n\r\n\r\n".encode()
            continue
        yield f"Content-Type: {one.output.media_type}\r\n\r\n".encode()
        yield from _body(one)
        yield b"\r\n"
    yield f"--{_BOUNDARY}--\r\n".encode()


def _body(one: Given) -> Iterator[bytes]:
    if one.file is None:
        text = isinstance(one.value, str) and one.output.media_type.startswith("text/")
        yield (one.value if text else json.dumps(one.value, ensure_ascii=False)).encode()
        return
    with one.file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            yield piece
