# SPDX-License-Identifier: Apache-2.0
"""What is advertised works: every link of every page and document, and every layer x style x CRS x format of the capabilities."""

import json
import re
from collections import Counter, deque
from html.parser import HTMLParser
from itertools import product
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import etree
from starlette.testclient import TestClient
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

HOME = "http://maps.example"
ENTRIES = (
    "/", "/search", "/stations", "/orders", "/ogcapi", "/ogcapi?f=html", "/stac", "/sta/v1.1", "/oai?verb=Identify", "/opensearch", "/titiler/api",
    "/wms?service=WMS&request=GetCapabilities&version=1.3.0", "/wms?service=WMS&request=GetCapabilities&version=1.1.1", "/hysope.qlr",
    "/wmts?service=WMTS&request=GetCapabilities", "/wcs?service=WCS&request=GetCapabilities", "/csw?service=CSW&request=GetCapabilities&version=2.0.2",
    "/sos?service=SOS&request=GetCapabilities", "/series/feed",
)  # fmt: skip
FOR_SOMEBODY = {"/ogcapi/jobs"}
"""Nobody has jobs."""
DOORS = {"/wms", "/wmts", "/wmts/1.0.0/", "/wcs", "/csw", "/sos", "/oai"}
"""Addresses that requests are made of."""
EACH = 3
"""Pages of one shape that are visited: /products/A and /products/B have one shape."""
_HEX = "{http://www.w3.org/1999/xlink}href"


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form" and found.get("method", "get").lower() != "get":
            return
        self.links += [value for name, value in found.items() if name in ("href", "src") and value]


def links(media: str, body: bytes) -> list[str]:
    """The addresses that a document leads to with a GET."""
    if media == "text/html":
        page = Page()
        page.feed(body.decode())
        return page.links
    if media.endswith("json"):
        return list(_json_links(json.loads(body)))
    if media.endswith("xml"):
        tree = etree.fromstring(body)
        return [
            one.get(name)
            for one in tree.iter()
            if isinstance(one.tag, str) and etree.QName(one).localname != "Post"
            for name in one.attrib
            if name in ("href", _HEX)
        ]
    return []


def _json_links(value):
    """Not templates, what is ordered by a POST, the bases of an API document's servers, and queries that lack their place."""
    if isinstance(value, dict):
        posted = (
            value.get("method", "GET") != "GET"
            or value.get("templated")
            or str(value.get("rel", "")).endswith("/execute")
        )
        posted = posted or value.get("variables", {}).get("query_type") in (
            "position",
            "radius",
            "area",
            "cube",
        )
        for name, one in value.items():
            if name == "servers":
                continue
            if (
                isinstance(one, str)
                and (name in ("href", "url", "metadata") or name.endswith("Link"))
                and not posted
            ):
                yield one
            else:
                yield from _json_links(one)
    elif isinstance(value, list):
        for one in value:
            yield from _json_links(one)


def shape(address: str) -> str:
    """What pages of one kind have in common: ids and values are left out."""
    parts = urlsplit(address)
    path = re.sub(r"\('[^']*'\)", "(*)", parts.path)
    path = re.sub(r"(?<=/)[^/]*[0-9A-Z_.%-]{6,}[^/]*|(?<=/)\d+", "*", path)
    names = sorted(
        one.partition("=")[0]
        + ("=" + one.partition("=")[2] if one.startswith(("f=", "request=", "format=")) else "")
        for one in parts.query.split("&")
    )
    return f"{path}?{'&'.join(names)}"


def crawl(client: TestClient, entries: tuple[str, ...]) -> tuple[int, list[str]]:
    """Goes where links lead, from page to page. Returns how many were visited, and what did not answer as it should."""
    waiting = deque((entry, "the entries") for entry in entries)
    seen, shapes, broken = set(entries), Counter[str](), []
    while waiting:
        address, found_in = waiting.popleft()
        form = shape(address)
        if shapes[form] >= EACH:
            continue
        shapes[form] += 1
        answer = client.get(address)
        media = answer.headers.get("content-type", "").split(";")[0]
        if answer.status_code == 401 and address in FOR_SOMEBODY:
            continue
        if answer.status_code >= 400:
            broken.append(f"{answer.status_code} {address} (found in {found_in}): {answer.text[:200]}")
            continue
        if b"ExceptionReport" in answer.content[:1_000]:
            broken.append(f"exception {address} (found in {found_in}): {answer.text[:300]}")
        for link in links(media, answer.content):
            there = urljoin(f"{HOME}{address}", link).partition("#")[0]
            if not there.startswith(HOME) or "{" in there:
                continue
            there = there.removeprefix(HOME) or "/"
            if there.rstrip("?") in DOORS:
                continue
            if there not in seen:
                seen.add(there)
                waiting.append((there, address))
    return sum(shapes.values()), broken


def test_every_link_leads_somewhere(world: World) -> None:
    visited, broken = crawl(world.client, ENTRIES)
    assert not broken, "\n".join(broken)
    assert visited > 400


def test_every_link_leads_somewhere_among_stations(hydro: World) -> None:
    visited, broken = crawl(hydro.client, ENTRIES)
    assert not broken, "\n".join(broken)
    assert visited > 200


def _each(tree: etree._Element, path: str) -> list[str]:
    return [one.text or "" for one in tree.iterfind(path)]


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("which", ["world", "hydro"])
def test_every_layer_is_drawn_as_advertised(request: pytest.FixtureRequest, which: str, version: str) -> None:
    """Each style in each CRS, and each format, over the box that the layer gives in that CRS."""
    world: World = request.getfixturevalue(which)
    space, name = ("{http://www.opengis.net/wms}", "CRS") if version == "1.3.0" else ("", "SRS")
    tree = etree.fromstring(world.wms(SERVICE="WMS", REQUEST="GetCapabilities", VERSION=version).body)
    formats = _each(tree, f".//{space}GetMap/{space}Format")
    layers = [one for one in tree.iter(f"{space}Layer") if one.find(f"{space}Name") is not None]
    drawn = 0
    for layer in layers:
        boxes = {
            one.get(name): [one.get(key) for key in ("minx", "miny", "maxx", "maxy")]
            for one in layer.iterfind(f"{space}BoundingBox")
        }
        styles = _each(layer, f"{space}Style/{space}Name")
        crs_names = {
            text
            for one in (layer, *layer.iterancestors(f"{space}Layer"))
            for text in _each(one, f"{space}{name}")
        }
        assert boxes.keys() <= crs_names
        cases = [*product(styles, boxes, formats[:1]), *product(styles[:1], list(boxes)[:1], formats)]
        for style, crs, form in cases:
            answer = world.wms(
                SERVICE="WMS", REQUEST="GetMap", VERSION=version, LAYERS=layer.findtext(f"{space}Name") or "", STYLES=style, **{name: crs},
                BBOX=",".join(boxes[crs]), WIDTH=24, HEIGHT=24, FORMAT=form,
            )  # fmt: skip
            assert (answer.status, answer.media) == (200, form.split(";")[0]), (
                layer.findtext(f"{space}Name"),
                style,
                crs,
                form,
                answer.body[:300],
            )
            drawn += 1
        for legend in layer.iterfind(f".//{space}LegendURL/{space}OnlineResource"):
            assert (
                world.client.get(legend.get(_HEX).removeprefix(HOME))
                .headers["content-type"]
                .startswith("image/")
            )
    assert drawn > 10


def test_every_tile_set_is_drawn_as_advertised(world: World) -> None:
    """Each layer x style x format x set of the WMTS: the tile in the middle of its limits."""
    space = {"w": "http://www.opengis.net/wmts/1.0", "o": "http://www.opengis.net/ows/1.1"}
    tree = etree.fromstring(world.client.get("/wmts?service=WMTS&request=GetCapabilities").content)
    drawn = 0
    for layer in tree.iterfind(".//w:Layer", space):
        template = layer.find("w:ResourceURL[@resourceType='tile']", space).get("template").removeprefix(HOME)
        days = [one.text for one in layer.iterfind("w:Dimension/w:Default", space)]
        for style, link in product(
            layer.iterfind("w:Style/o:Identifier", space), layer.iterfind("w:TileMatrixSetLink", space)
        ):
            limits = link.findall("w:TileMatrixSetLimits/w:TileMatrixLimits", space)
            assert limits, "the limits of a layer are told"
            where = limits[len(limits) // 2]
            row, column = (
                (
                    int(where.findtext(f"w:MinTile{one}", "", space))
                    + int(where.findtext(f"w:MaxTile{one}", "", space))
                )
                // 2
                for one in ("Row", "Col")
            )
            values = {
                "{Style}": style.text, "{style}": style.text, "{TileMatrixSet}": link.findtext("w:TileMatrixSet", "", space),
                "{TileMatrix}": where.findtext("w:TileMatrix", "", space), "{TileRow}": str(row), "{TileCol}": str(column),
                **{f"{{{name.text}}}": days[at] for at, name in enumerate(layer.iterfind("w:Dimension/o:Identifier", space))},
            }  # fmt: skip
            address = template
            for key, value in values.items():
                address = address.replace(key, value or "")
            answer = world.client.get(address)
            assert answer.status_code == 200, (address, answer.text[:300])
            assert answer.headers["content-type"] in _each(layer, "{http://www.opengis.net/wmts/1.0}Format")
            drawn += 1
    assert drawn > 20


def test_every_coverage_is_sent_as_advertised(world: World) -> None:
    """Each coverage of the WCS 2.0.1 in each format, four pixels of it."""
    space = {"w": "http://www.opengis.net/wcs/2.0", "g": "http://www.opengis.net/gml/3.2"}
    tree = etree.fromstring(
        world.client.get("/wcs?service=WCS&request=GetCapabilities&version=2.0.1").content
    )
    formats = [one.text for one in tree.iterfind(".//w:formatSupported", space)]
    names = [one.text for one in tree.iterfind(".//w:CoverageId", space)]
    assert formats
    for name in names:
        about = etree.fromstring(
            world.client.get(
                f"/wcs?service=WCS&request=DescribeCoverage&version=2.0.1&coverageId={name}"
            ).content
        )
        envelope = about.find(".//g:Envelope", space)
        envelope = about.find(".//g:EnvelopeWithTimePeriod", space) if envelope is None else envelope
        axes = envelope.get("axisLabels").split()[:2]
        for form in formats:
            answer = world.client.get(
                "/wcs",
                params={
                    "service": "WCS",
                    "request": "GetCoverage",
                    "version": "2.0.1",
                    "coverageId": name,
                    "format": form,
                    "scaleSize": f"{axes[0]}(2),{axes[1]}(2)",
                },
            )
            assert (answer.status_code, answer.headers["content-type"]) == (200, form), (
                name,
                form,
                answer.text[:300],
            )
    assert len(names) > 5


def test_every_offering_is_observed_as_advertised(hydro: World) -> None:
    """Each offering of the SOS with its procedure, each property and each response format."""
    space = {"s": "http://www.opengis.net/sos/2.0", "w": "http://www.opengis.net/swes/2.0"}
    tree = etree.fromstring(
        hydro.client.get("/sos?service=SOS&request=GetCapabilities&acceptVersions=2.0.0").content
    )
    asked = 0
    for offering in tree.iterfind(".//s:ObservationOffering", space):
        one = {"service": "SOS", "version": "2.0.0", "offering": offering.findtext("w:identifier", "", space)}
        procedure = offering.findtext("w:procedure", "", space)
        for form in _each(offering, "{http://www.opengis.net/swes/2.0}procedureDescriptionFormat"):
            answer = hydro.client.get(
                "/sos",
                params={
                    "service": "SOS",
                    "version": "2.0.0",
                    "request": "DescribeSensor",
                    "procedure": procedure,
                    "procedureDescriptionFormat": form,
                },
            )
            assert answer.status_code == 200, answer.text[:300]
        forms = _each(offering, "{http://www.opengis.net/sos/2.0}responseFormat") or _each(
            tree, ".//{http://www.opengis.net/sos/2.0}responseFormat"
        )
        for prop, form in product(
            _each(offering, "{http://www.opengis.net/swes/2.0}observableProperty"), forms
        ):
            answer = hydro.client.get(
                "/sos",
                params={
                    **one,
                    "request": "GetObservation",
                    "procedure": procedure,
                    "observedProperty": prop,
                    "responseFormat": form,
                    "temporalFilter": "om:phenomenonTime,latest",
                },
            )
            assert answer.status_code == 200, (one, prop, form, answer.text[:300])
            assert b"Exception" not in answer.content[:1_000]
            asked += 1
    assert asked > 5


def test_an_order_made_of_the_examples_is_a_good_one(world: World) -> None:
    """The examples of the inputs of a process, together, are taken by it."""
    _, key = world.services.catalog.keys.create(KeyRequest("carol", Role.USER, ()), OPERATOR)
    for summary in world.client.get("/ogcapi/processes").json()["processes"]:
        about = world.client.get(f"/ogcapi/processes/{summary['id']}").json()
        inputs = {
            name: wish["schema"]["examples"][0]
            for name, wish in about["inputs"].items()
            if "examples" in wish["schema"]
        }
        assert {name for name, wish in about["inputs"].items() if wish["minOccurs"]} <= inputs.keys()
        answer = world.client.post(
            f"/ogcapi/processes/{summary['id']}/estimate", json={"inputs": inputs}, headers={"X-API-Key": key}
        )
        assert answer.status_code == 200, (summary["id"], answer.text)
