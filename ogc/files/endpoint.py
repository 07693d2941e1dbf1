# SPDX-License-Identifier: Apache-2.0
"""`/files/{product}/{asset}`: one file, with ranges and a strong ETag (RFC 9110); `/files?products=…`: products as a zip that is made while it is sent.

Rights are those of the product, or those of who signed the link. What is sent is counted (`catalog.usage`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from catalog.model.faults import Fault, Kind, too_large
from catalog.model.objects import ObjectError
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.product import Asset, Product
from catalog.model.tape import TapeFile
from catalog.model.time import Micros, micros_text, now
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.fields import Field, integer, list_of, plain
from ogc.http.problem import refused_plainly
from ogc.http.zipped import Entry, streamed

_PRODUCTS = Field("PRODUCTS", list_of(plain, 100))
_HOURS = Field("HOURS", integer)
_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z", re.ASCII)
_STATUS = {
    Kind.UNKNOWN_PRODUCT: 404,
    Kind.GONE: 404,
    Kind.BAD_CREDENTIAL: 401,
    Kind.BUSY: 503,
    Kind.UNAVAILABLE: 503,
    Kind.TOO_LARGE: 413,
}


class FilesEndpoint:
    """GET and HEAD."""

    def __init__(self, catalog: Catalog, edge: Edge, settings: Settings) -> None:
        self._catalog, self._edge, self._settings = catalog, edge, settings

    async def __call__(self, request: Request) -> Response:
        """The file, or the part of it that is asked for."""
        try:
            names = request.path_params["product"], request.path_params["asset"]
            who = await self._reader(request, *names)
            product, asset, path = await self._edge.pool.run(partial(self._find, *names, who))
            if path is None:
                waiting = await self._edge.pool.run(partial(self._catalog.tape.ask, [asset], who))
                if waiting:
                    return _on_tape(waiting[0])
                path = self._catalog.archive / asset.path
        except Fault as fault:
            return _refused(fault)
        elsewhere = asset.in_bucket
        tag = f'"{asset.sha256}"' if asset.sha256 else f'"{product.version}-{asset.bytes}"'
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"ETag": tag, "Cache-Control": f"{scope}, max-age=3600", "Vary": "Authorization, X-API-Key"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        name = f"{product.id}_{asset.key}{path.suffix}"
        note = partial(self._catalog.usage.note, who, product.id, asset.key)
        if elsewhere:
            disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
            return await self._stored(request, asset, {**headers, **disposition}, note)
        return _Counted(note, path, headers=headers, media_type=asset.media_type, filename=name)

    async def _stored(
        self, request: Request, asset: Asset, headers: dict[str, str], note: Callable[[int], None]
    ) -> Response:
        """A file of the object storage, passed on as it comes, or the one range of it that is asked for (RFC 9110, clause 14)."""
        try:
            objects = self._catalog.storage()
            size = (await self._edge.pool.run(partial(objects.told, asset.path))).bytes
        except Fault as fault:
            return _refused(fault)
        except ObjectError as error:
            return _refused(_lost(error))
        headers |= {"Accept-Ranges": "bytes"}
        start, end = one_range(request.headers, headers["ETag"], size)
        if start >= end and size:
            unfit = {**headers, "Content-Range": f"bytes */{size}"}
            return Response(status_code=416, headers=unfit)
        status = 206 if (start, end) != (0, size) else 200
        headers["Content-Length"] = str(end - start)
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=asset.media_type)
        blocks = self._edge.sent(b"", _noted(objects.read(asset.path, start, end), note))
        return StreamingResponse(blocks, status, headers, asset.media_type)

    async def link(self, request: Request) -> Response:
        """A link to one file for somebody without a key, that expires (`hours`, 24)."""
        try:
            names = request.path_params["product"], request.path_params["asset"]
            who = await self._edge.principal(request)
            if who.role is Role.PUBLIC:
                raise Fault(
                    Kind.BAD_CREDENTIAL,
                    "to make a link, say who you are (an API key or a token)",
                    "Authorization",
                )
            hours = _HOURS.read_or(await self._edge.kvp(request), 24)
            most = self._settings.limits.link_hours
            if not 0 < hours <= most:
                raise Fault(
                    Kind.INVALID, f"hours: a link lasts 1 to {most} hours (limits.link_hours)", "hours"
                )
            until = Micros(now() + hours * 3_600_000_000)
            await self._edge.pool.run(partial(self._find, *names, who))
            token = await self._edge.pool.run(partial(self._catalog.links.token, who, *names, until))
        except Fault as fault:
            return _refused(fault)
        home = f"{self._edge.base_url(request)}/files/{quote(names[0])}/{quote(names[1])}"
        return JSONResponse(
            {"href": f"{home}?token={token}", "expires": micros_text(until)},
            201,
            {"Cache-Control": "no-store"},
        )

    async def _reader(self, request: Request, product: str, asset: str) -> Principal:
        """Who asks: whoever signed the link, else the one whose credential it is. Raises Fault BAD_CREDENTIAL."""
        token = (await self._edge.kvp(request)).get("TOKEN")
        if token is None:
            return await self._edge.principal(request)
        return await self._edge.pool.run(partial(self._catalog.links.reader, token, product, asset))

    async def selection(self, request: Request) -> Response:
        """The files of some products as one zip, no copy of it anywhere; 202 while some of them are on tape."""
        try:
            who = await self._edge.principal(request)
            names = _PRODUCTS.read(await self._edge.kvp(request))
            return await self.zipped(await self._edge.pool.run(partial(self._named, names, who)), who)
        except Fault as fault:
            return _refused(fault)

    async def zipped(self, products: Sequence[Product], who: Principal) -> Response:
        """The zip of some products, or 202 while files of theirs are on tape. Raises Fault GONE, TOO_LARGE or BUSY."""
        chosen = [(product, asset) for product in products for asset in product.assets]
        size = sum(asset.bytes for _, asset in chosen)
        if size > self._settings.limits.zip_bytes:
            raise too_large(f"{size} bytes", self._settings.limits.zip_bytes, "limits.zip_bytes")
        waiting = await self._edge.pool.run(partial(self._catalog.tape.ask, [one for _, one in chosen], who))
        if waiting:
            return _on_tape(waiting[0], len(waiting))
        chunks = self._counted(streamed(self._entries(chosen)), chosen, who)
        first = await self._edge.pool.run(partial(self._begun, chosen, chunks))
        name = products[0].id if len(products) == 1 else "products"
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "Cache-Control": "no-store"}
        return StreamingResponse(self._edge.sent(first, chunks), 200, headers, "application/zip")

    def _counted(
        self, chunks: Iterator[bytes], chosen: Sequence[tuple[Product, Asset]], who: Principal
    ) -> Iterator[bytes]:
        """A whole zip counts as its files; of one that is broken off nobody knows which came."""
        yield from chunks
        for product, asset in chosen:
            self._catalog.usage.note(who, product.id, asset.key, asset.bytes)

    def _named(self, names: Sequence[str], who: Principal) -> list[Product]:
        """Products by their ids. Raises Fault UNKNOWN_PRODUCT."""
        deadline = Deadline.after(self._settings.limits.search_seconds)
        return [self._catalog.product(name, who, deadline) for name in dict.fromkeys(names)]

    def _begun(self, chosen: Sequence[tuple[Product, Asset]], chunks: Iterator[bytes]) -> bytes:
        """The first part. Raises Fault GONE where a file is not there (a zip has all of a product), UNAVAILABLE where its storage is not."""
        for product, asset in chosen:
            if not asset.in_bucket and not (self._catalog.archive / asset.path).is_file():
                raise Fault(Kind.GONE, f"{product.id} has no file {asset.key!r} any more")
        try:
            return next(chunks)
        except ObjectError as error:
            raise _lost(error) from error

    def _entries(self, chosen: Sequence[tuple[Product, Asset]]) -> Iterator[Entry]:
        for product, asset in chosen:
            path = self._catalog.archive / asset.path
            if asset.in_bucket:
                objects = self._catalog.storage()
                at, blocks = objects.told(asset.path).modified, objects.read(asset.path)
            else:
                at, blocks = datetime.fromtimestamp(path.stat().st_mtime, UTC), _blocks(path)
            name = f"{product.id}/{product.id}_{asset.key}{path.suffix}"
            yield Entry(name, at, blocks, compress=path.suffix.lower() in (".xml", ".json"))

    def _find(self, name: str, key: str, who: Principal) -> tuple[Product, Asset, Path | None]:
        """The file of an asset; None while it is on tape alone. Raises Fault UNKNOWN_PRODUCT or GONE."""
        product = self._catalog.product(name, who, Deadline.after(self._settings.limits.search_seconds))
        asset = next((one for one in product.assets if one.key == key), None)
        path = self._catalog.archive / asset.path if asset else None
        if asset is not None and not self._catalog.tape.here(asset):
            return product, asset, None
        if asset is not None and path is not None and asset.in_bucket:
            return product, asset, path
        if asset is None or path is None or not path.is_file():
            raise Fault(Kind.GONE, f"{product.id} has no file {key[:60]!r}")
        return product, asset, path


def one_range(asked: Mapping[str, str], tag: str, size: int) -> tuple[int, int]:
    """First byte and the one after the last of what is asked for: the whole where there is no range, or several, or of another version."""
    match = _RANGE.match(asked.get("range", ""))
    if match is None or asked.get("if-range", tag) != tag or not (match[1] or match[2]):
        return 0, size
    if not match[1]:
        return max(0, size - int(match[2])), size if int(match[2]) else 0
    return int(match[1]), min(size, int(match[2]) + 1) if match[2] else size


def _lost(error: ObjectError) -> Fault:
    return Fault(Kind.UNAVAILABLE, f"the storage does not give the file: {error}", retry_after=60)


def _noted(blocks: Iterator[bytes], note: Callable[[int], None]) -> Iterator[bytes]:
    """Blocks, and how many bytes of them went out; counted also when the client goes away."""
    sent = 0
    try:
        for block in blocks:
            yield block
            sent += len(block)
    finally:
        note(sent)


class _Counted(FileResponse):
    """A file, and how many bytes of it went out."""

    def __init__(self, note: Callable[[int], None], path: Path, **more: Any) -> None:
        super().__init__(path, **more)
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; counted also when the client goes away."""
        size = 0

        async def watched(message: Message) -> None:
            nonlocal size
            await send(message)
            size += len(message.get("body", b""))

        try:
            await super().__call__(scope, receive, watched)
        finally:
            if size:
                self._note(size)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            yield block


def _on_tape(file: TapeFile, files: int = 1) -> Response:
    """Asked for: come again. Of a file that cannot be read from tape, the reason."""
    body: dict[str, str | int] = {
        "status": file.state.value, "tape": file.tape, "bytes": file.size, "asked": micros_text(file.asked), "files": files,
    }  # fmt: skip
    if file.message:
        body["message"] = file.message
    return JSONResponse(body, 202, {"Retry-After": "30", "Cache-Control": "no-store"})


def _refused(fault: Fault) -> Response:
    return refused_plainly(fault, _STATUS.get(fault.kind, 400))
