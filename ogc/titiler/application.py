# SPDX-License-Identifier: Apache-2.0
"""titiler's routes as we have them: loaded on the first request, without those that take client text to PROJ or scripts from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query
from morecantile import tms
from morecantile.defaults import TileMatrixSets
from starlette.requests import Request
from starlette.responses import JSONResponse
from titiler.core.dependencies import CoordCRSParams, CRSParams, DefaultDependency, DstCRSParams
from titiler.core.errors import DEFAULT_STATUS_CODES, add_exception_handlers
from titiler.core.factory import TilerFactory

from catalog.crs import read_crs
from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal
from catalog.raster.systems import rasterio_crs
from ogc.http.edge import Edge
from ogc.titiler.reader import CatalogReader, Selection

_STATUS = {
    Kind.UNKNOWN_LAYER: 404, Kind.UNKNOWN_PRODUCT: 404, Kind.BAD_CREDENTIAL: 401, Kind.FORBIDDEN: 403, Kind.BUSY: 503, Kind.UNAVAILABLE: 503,
}  # fmt: skip
_SETS = ("WebMercatorQuad", "WorldCRS84Quad", "EuropeanETRS89_LAEAQuad")
_DETAIL = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/json": {"schema": _DETAIL}}}
    for status, text in (
        (400, "A parameter is wrong."),
        (401, "A valid key or token is needed."),
        (404, "There is no such resource, or nothing there."),
        (413, "More than one request may ask for."),
        (503, "Come again later."),
    )
}
"""What each operation may answer besides what it is for."""
_ABOUT = "titiler.core over the catalogue: XYZ, TileJSON, previews, crops, points, statistics, expressions. Collections are named by their ids."
Select = Callable[[str, str, str, Principal], Selection]


@dataclass
class Wanted(DefaultDependency):
    """Bands or an expression; a picture of the style without either."""

    bands: Annotated[
        str | None, Query(max_length=500, description="Bands by name, with commas: B4,B3,B2.")
    ] = None
    expression: Annotated[str | None, Query(max_length=500, description="Over bands: (B8-B4)/(B8+B4).")] = (
        None
    )


@dataclass
class Resampling(DefaultDependency):
    """How values are found between pixels."""

    resampling: Annotated[Literal["nearest", "bilinear"], Query(description="Of bands and expressions.")] = (
        "nearest"
    )

    def as_dict(self, exclude_none: bool = True) -> dict[str, Any]:
        """As the reader takes it."""
        return {"bilinear": self.resampling == "bilinear"}


def application(select: Select, edge: Edge, version: str) -> FastAPI:
    """The application; `select` says what a request is about, and may raise Fault."""

    async def selected(
        request: Request,
        collection: Annotated[str, Path(max_length=200)],
        style: Annotated[str, Query(max_length=200, description="Of the picture.")] = "",
        datetime: Annotated[
            str, Query(max_length=100, description="2023-03-15, or an interval; the latest without one.")
        ] = "",
    ) -> Selection:
        who = await edge.principal(request)
        return await edge.pool.run(partial(select, collection, style, datetime, who))

    factory = TilerFactory(
        reader=CatalogReader, path_dependency=selected, layer_dependency=Wanted, dataset_dependency=Resampling, tile_dependency=DefaultDependency,
        supported_tms=TileMatrixSets({name: tms.get(name) for name in _SETS}), router_prefix="/collections/{collection}", add_viewer=False,
    )  # fmt: skip
    app = FastAPI(
        title="Tiles of every collection",
        version=version,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api",
        responses=_REFUSALS,
    )
    app.get("/", include_in_schema=False)(_landing)
    app.include_router(factory.router, prefix="/collections/{collection}")
    app.dependency_overrides |= {
        CRSParams: crs_param,
        CoordCRSParams: coord_crs_param,
        DstCRSParams: dst_crs_param,
    }
    add_exception_handlers(app, DEFAULT_STATUS_CODES)
    app.add_exception_handler(Fault, _refused)
    return app


def _landing(request: Request) -> JSONResponse:
    """What stands below this address."""
    here = str(request.base_url).rstrip("/")
    server = here.removesuffix("/titiler")
    links = [
        {"rel": "self", "href": f"{here}/", "type": "application/json"},
        {"rel": "service-desc", "href": f"{here}/api", "type": "application/json"},
        {"rel": "data", "href": f"{server}/ogcapi/collections", "type": "application/json"},
    ]
    return JSONResponse({"title": "Tiles of every collection", "description": _ABOUT, "links": links})


def crs_param(
    crs: Annotated[str | None, Query(max_length=80, description="EPSG:3857 and others.")] = None,
) -> Any:
    """A CRS of the closed table."""
    return _read("crs", crs)


def coord_crs_param(
    coord_crs: Annotated[str | None, Query(max_length=80, description="Of the coordinates.")] = None,
) -> Any:
    """A CRS of the closed table."""
    return _read("coord_crs", coord_crs)


def dst_crs_param(
    dst_crs: Annotated[str | None, Query(max_length=80, description="Of the picture.")] = None,
) -> Any:
    """A CRS of the closed table."""
    return _read("dst_crs", dst_crs)


def _read(name: str, text: str | None) -> Any:
    return rasterio_crs(read_crs(text, name).epsg) if text else None


async def _refused(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, Fault)
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else None
    return JSONResponse({"detail": fault.text}, _STATUS.get(fault.kind, 400), headers)
