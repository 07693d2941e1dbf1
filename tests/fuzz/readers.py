# SPDX-License-Identifier: Apache-2.0
"""What turns the text of clients into values, one function a door: bytes in, a value or a fault of ours out, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from catalog.model.faults import Fault
from catalog.xml.parse import parse
from config.limits import Limits
from config.registry import load_registry
from ogc.edr.request import Query
from ogc.edr.request import read_request as edr_request
from ogc.filter.cql2 import from_json, from_text
from ogc.filter.cql_text import parse_cql
from ogc.filter.fes import parse_filter
from ogc.filter.values import read_geometry, read_period, read_wkt
from ogc.http.kvp import Kvp, read_kvp
from ogc.http.problem import read_json
from ogc.hydroweb.basket import read_basket
from ogc.mapsapi.request import read_space
from ogc.oai.request import OaiError, read_page
from ogc.oai.request import read_request as oai_request
from ogc.processes.request import read_execute, read_idempotency, read_job_query, read_prefer
from ogc.series.request import read_request as series_request
from ogc.sos.bodies import parameters as sos_parameters
from ogc.sos.bodies import read_body
from ogc.sos.request import read_request as sos_request
from ogc.sta.odata import read_filter
from ogc.sta.request import read_options, read_path
from ogc.sta.sets import SETS
from ogc.stac.request import QUERYABLES, from_document, from_parameters
from ogc.wcs.bodies import parameters as wcs_parameters
from ogc.wcs.request import read_request as wcs_request
from ogc.wcs.request import read_version
from ogc.wms.request import read_envelope
from ogc.wms.request import read_request as wms_request
from ogc.wmts.request import read_request as wmts_request

EXPECTED = (Fault, OaiError)
"""What a reader may raise."""
LIMITS = Limits()
REGISTRY = load_registry()


def _kvp(data: bytes) -> Kvp:
    return read_kvp(data, LIMITS)


def _plain(data: bytes) -> dict[str, str]:
    """Parameters whose names are told apart by case."""
    return dict(parse_qsl(data.decode("utf-8", "replace")))


def wms(data: bytes) -> object:
    """A query string of `/wms`."""
    kvp = _kvp(data)
    return wms_request(kvp, read_envelope(kvp), LIMITS)


def wmts(data: bytes) -> object:
    """A query string of `/wmts`."""
    return wmts_request(_kvp(data))


def wcs(data: bytes) -> object:
    """A query string of `/wcs`."""
    kvp = _kvp(data)
    return wcs_request(kvp, read_version(kvp), LIMITS)


def wcs_body(data: bytes) -> object:
    """A body of `/wcs`."""
    kvp = wcs_parameters(data, LIMITS)
    return wcs_request(kvp, read_version(kvp), LIMITS)


def sos(data: bytes) -> object:
    """A query string of `/sos`."""
    return sos_request(_kvp(data))


def sos_body(data: bytes) -> object:
    """A body of `/sos`."""
    return sos_request(sos_parameters(read_body(data, LIMITS).root))


def series(data: bytes) -> object:
    """A query string of `/series`."""
    return series_request(_kvp(data))


def oai(data: bytes) -> object:
    """A query string of `/oai`."""
    return read_page(oai_request(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)))


def stac_get(data: bytes) -> object:
    """A query string of `/stac/search`."""
    return from_parameters(_plain(data))


def stac_post(data: bytes) -> object:
    """A body of `/stac/search`."""
    return from_document(read_json(data))


def cql2(data: bytes) -> object:
    """A filter of STAC and Features, as a text and as JSON."""
    if data[:1] == b"{":
        return from_json(read_json(data), QUERYABLES)
    return from_text(data.decode("utf-8", "replace"), QUERYABLES)


def cql(data: bytes) -> object:
    """A constraint of `/csw` as a text."""
    return parse_cql(data.decode("utf-8", "replace"))


def fes(data: bytes) -> object:
    """A constraint of `/csw` as XML."""
    return parse_filter(parse(data, LIMITS.body_bytes))


def sta(data: bytes) -> object:
    """A path and options of `/sta`."""
    path, _, query = data.decode("utf-8", "replace").partition("?")
    options = read_options(parse_qsl(query, keep_blank_values=True))
    found = read_path(path)
    one = SETS.get(found[0][-1].name if found[0] else "Things", SETS["Things"])
    return found, options, read_filter(options.filter, one.names, one.places) if options.filter else None


def edr(data: bytes) -> object:
    """A query string of an EDR query."""
    return edr_request(Query.AREA if b"POLYGON" in data else Query.POSITION, _plain(data))


def maps(data: bytes) -> object:
    """A query string of `/map`."""
    return read_space(_plain(data), LIMITS)


def order(data: bytes) -> object:
    """A body of an execution, and its headers."""
    read_prefer([data[:200].decode("latin-1")])
    read_job_query(_plain(data[:200]))
    read_idempotency(data[:200].decode("latin-1"))
    return read_execute(data)


def basket(data: bytes) -> object:
    """A body of hydroweb.next."""
    return read_basket(read_json(data), REGISTRY, 10)


def values(data: bytes) -> object:
    """A period, a place as text and as JSON."""
    text = data.decode("utf-8", "replace")
    if text.startswith("{"):
        return read_geometry(read_json(data), "geometry")
    return read_wkt(text) if text[:1].isalpha() and text[:1] != "P" else read_period(text)


READERS: Mapping[str, Callable[[bytes], object]] = {
    one.__name__: one for one in (wms, wmts, wcs, wcs_body, sos, sos_body, series, oai, stac_get, stac_post, cql2, cql, fes, sta, edr, maps, order, basket, values)
}  # fmt: skip
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "wms": (
        b"SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=a,b&STYLES=,&CRS=EPSG:2154&BBOX=1,2,3,4&WIDTH=9&HEIGHT=9&FORMAT=image/png&TIME=2023-03-05/2023-04-04/P1D",
        b"VERSION=1.1.1&REQUEST=GetFeatureInfo&LAYERS=a&QUERY_LAYERS=a&SRS=EPSG:4326&BBOX=1,2,3,4&WIDTH=9&HEIGHT=9&X=1&Y=2&INFO_FORMAT=text/html&BGCOLOR=0xFF00FF&TRANSPARENT=TRUE",
        b"REQUEST=GetLegendGraphic&LAYER=a&STYLE=b&FORMAT=image/png",
    ),
    "wmts": (b"SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=a&STYLE=default&TILEMATRIXSET=WebMercatorQuad&TILEMATRIX=3&TILEROW=1&TILECOL=2&FORMAT=image/png",),
    "wcs": (
        b"SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=a&SUBSET=Lat(40,41)&SUBSET=time(\"2023-03-05\")&SCALESIZE=i(10),j(10)&RANGESUBSET=B4:B8&FORMAT=image/tiff",
        b"SERVICE=WCS&VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=a&CRS=EPSG:32631&BBOX=1,2,3,4&WIDTH=5&HEIGHT=5&FORMAT=GeoTIFF&TIME=2023-03-05",
    ),
    "wcs_body": (b'<wcs:GetCoverage xmlns:wcs="http://www.opengis.net/wcs/2.0" service="WCS" version="2.0.1"><wcs:CoverageId>a</wcs:CoverageId><wcs:DimensionTrim><wcs:Dimension>Lat</wcs:Dimension><wcs:TrimLow>1</wcs:TrimLow><wcs:TrimHigh>2</wcs:TrimHigh></wcs:DimensionTrim></wcs:GetCoverage>',),
    "sos": (b"service=SOS&version=2.0.0&request=GetObservation&offering=a&temporalFilter=om:phenomenonTime,2016-01-01/2017-01-01&spatialFilter=om:featureOfInterest/*/sams:shape,40,-5,50,10",),
    "sos_body": (b'<sos:GetObservation xmlns:sos="http://www.opengis.net/sos/2.0" service="SOS" version="2.0.0"><sos:offering>a</sos:offering></sos:GetObservation>',),
    "series": (b"collection=a&bbox=1,2,3,4&datetime=2020/..&f=csv&since=2020-01-01&q=orleans",),
    "oai": (b"verb=ListRecords&metadataPrefix=oai_dc&from=2020-01-01&set=a", b"verb=ListRecords&resumptionToken=WyJvYWlfZGMiXQ=="),
    "stac_get": (b"bbox=1,2,3,4&datetime=2020-01-01/..&collections=a&limit=5&sortby=-datetime&fields=+id,-geometry&filter=eo:cloud_cover<10&filter-lang=cql2-text",),
    "stac_post": (
        b'{"bbox":[1,2,3,4],"query":{"eo:cloud_cover":{"lt":10}},"filter-lang":"cql2-json","filter":{"op":"=","args":[{"property":"platform"},"a"]},"sortby":[{"field":"datetime","direction":"asc"}]}',
        b'{"intersects":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"token":"WzEsMiwzXQ=="}',
    ),
    "cql2": (b"platform LIKE 'S%' AND NOT (eo:cloud_cover BETWEEN 1 AND 5) OR datetime > TIMESTAMP('2020-01-01T00:00:00Z')", b'{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[1,2]}]}'),
    "cql": (b"csw:AnyText LIKE '%a%' AND BBOX(ows:BoundingBox, 1, 2, 3, 4)",),
    "fes": (b'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc"><ogc:PropertyIsEqualTo><ogc:PropertyName>dc:title</ogc:PropertyName><ogc:Literal>a</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>',),
    "sta": (b"Things('a')/Datastreams?$filter=phenomenonTime gt 2020-01-01T00:00:00Z and name eq 'a'&$expand=Observations($top=2;$orderby=result desc)&$select=name",),
    "edr": (b"coords=POINT(1 2)&datetime=2020-01-01/2020-02-01&parameter-name=B4&crs=CRS84&f=CSV", b"coords=POLYGON((0 0,1 0,1 1,0 0))&within=5&within-units=km"),
    "maps": (b"bbox=1,2,3,4&bbox-crs=EPSG:4326&width=9&height=9&subset=Lat(1:2),Lon(3:4)&center=1,2&scale-denominator=1000",),
    "order": (b'{"inputs":{"products":["a"],"n":{"value":3}},"outputs":{"a":{"transmissionMode":"value"}},"response":"document"}',),
    "basket": (b'{"workflowName":"a","collections":[{"collectionId":"hydroweb-rivers-operational","filters":{"bbox":[1,2,3,4]}}]}',),
    "values": (b"2020-01-01T00:00:00Z/P1M", b"POLYGON((0 0,1 0,1 1,0 0))", b'{"type":"Point","coordinates":[1,2]}'),
}  # fmt: skip
