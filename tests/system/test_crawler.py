# SPDX-License-Identifier: Apache-2.0
"""What is advertised works: every link of every page and document, and every layer x style x CRS x format of the capabilities."""

from itertools import product

import pytest
from crawler import XLINK, crawl
from lxml import etree
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role

HOME = "http://maps.example"


def test_every_link_leads_somewhere(world: World) -> None:
    visited, broken = crawl(world.client.get, HOME)
    assert not broken, "\n".join(broken)
    assert len(visited) > 400


def test_every_link_leads_somewhere_among_all_families(families: World) -> None:
    visited, broken = crawl(families.client.get, HOME)
    assert not broken, "\n".join(broken)
    assert len(visited) > 400


def test_every_link_leads_somewhere_among_stations(hydro: World) -> None:
    visited, broken = crawl(hydro.client.get, HOME)
    assert not broken, "\n".join(broken)
    assert len(visited) > 200


def _each(tree: etree._Element, path: str) -> list[str]:
    return [one.text or "" for one in tree.iterfind(path)]


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("which", ["world", "hydro", "families"])
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
                world.client.get(legend.get(XLINK).removeprefix(HOME))
                .headers["content-type"]
                .startswith("image/")
            )
    assert drawn > 10


@pytest.mark.parametrize("which", ["world", "families"])
def test_every_tile_set_is_drawn_as_advertised(request: pytest.FixtureRequest, which: str) -> None:
    """Each layer x style x format x set of the WMTS: the tile in the middle of its limits."""
    world: World = request.getfixturevalue(which)
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


@pytest.mark.parametrize("which", ["world", "families"])
def test_every_coverage_is_sent_as_advertised(request: pytest.FixtureRequest, which: str) -> None:
    """Each coverage of the WCS 2.0.1 in each format, four pixels of it."""
    world: World = request.getfixturevalue(which)
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
            name: wish["schema"]["example"]
            for name, wish in about["inputs"].items()
            if "example" in wish["schema"]
        }
        assert {name for name, wish in about["inputs"].items() if wish["minOccurs"]} <= inputs.keys()
        answer = world.client.post(
            f"/ogcapi/processes/{summary['id']}/estimate", json={"inputs": inputs}, headers={"X-API-Key": key}
        )
        assert answer.status_code == 200, (summary["id"], answer.text)
