# SPDX-License-Identifier: Apache-2.0
"""`/files/{product}/{asset}`: one file, with ranges and a strong ETag (RFC 9110); rights are those of the product."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Deadline, Principal, Role
from catalog.model.product import Asset, Product
from catalog.model.tape import TapeFile
from catalog.model.time import micros_text
from catalog.service import Catalog
from config.settings import Settings
from ogc.http.edge import Edge
from ogc.http.identity import CHALLENGE

MEDIA_TYPES = {".tif": "image/tiff; application=geotiff; profile=cloud-optimized", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
               ".xml": "application/xml", ".json": "application/json"}  # fmt: skip
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
            who = await self._edge.principal(request)
            names = request.path_params["product"], request.path_params["asset"]
            product, asset, path = await self._edge.pool.run(partial(self._find, *names, who))
            if path is None:
                waiting = await self._edge.pool.run(partial(self._catalog.tape.ask, [asset], who))
                if waiting:
                    return _on_tape(waiting[0])
                path = self._catalog.archive / asset.path
        except Fault as fault:
            return _refused(fault)
        tag = f'"{asset.sha256}"' if asset.sha256 else f'"{product.version}-{asset.bytes}"'
        scope = "public" if who.role is Role.PUBLIC else "private"
        headers = {"ETag": tag, "Cache-Control": f"{scope}, max-age=3600", "Vary": "Authorization, X-API-Key"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        name = f"{product.id}_{asset.key}{path.suffix}"
        return FileResponse(path, headers=headers, media_type=media_type(asset), filename=name)

    def _find(self, name: str, key: str, who: Principal) -> tuple[Product, Asset, Path | None]:
        """The file of an asset; None while it is on tape alone. Raises Fault UNKNOWN_PRODUCT or GONE."""
        product = self._catalog.product(name, who, Deadline.after(self._settings.limits.search_seconds))
        asset = next((one for one in product.assets if one.key == key), None)
        path = self._catalog.archive / asset.path if asset else None
        if asset is not None and not self._catalog.tape.here(asset):
            return product, asset, None
        if asset is None or path is None or not path.is_file():
            raise Fault(Kind.GONE, f"{product.id} has no file {key[:60]!r}")
        return product, asset, path


def _on_tape(file: TapeFile) -> Response:
    """Asked for: come again. Of a file that cannot be read from tape, the reason."""
    body = {
        "status": file.state.value,
        "tape": file.tape,
        "bytes": file.size,
        "asked": micros_text(file.asked),
    }
    if file.message:
        body["message"] = file.message
    return JSONResponse(body, 202, {"Retry-After": "30", "Cache-Control": "no-store"})


def media_type(asset: Asset) -> str:
    """The media type of an asset, by the ending that we gave its file."""
    return MEDIA_TYPES.get(Path(asset.path).suffix.lower(), "application/octet-stream")


def _refused(fault: Fault) -> Response:
    status = _STATUS.get(fault.kind, 400)
    headers = {"WWW-Authenticate": CHALLENGE} if status == 401 else {}
    return PlainTextResponse(f"{fault.text}\n", status, {**headers, "Cache-Control": "no-store"})
