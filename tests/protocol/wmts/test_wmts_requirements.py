# SPDX-License-Identifier: Apache-2.0
"""Requirements of WMTS 1.0.0 (07-057r7) that its other tests leave out; `docs/requirements.md` says which test holds which."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from support import World

WMTS = "{http://www.opengis.net/wmts/1.0}"
OWS = "{http://www.opengis.net/ows/1.1}"
XLINK = "{http://www.w3.org/1999/xlink}"
ASKED = "/wmts?SERVICE=WMTS&REQUEST=GetCapabilities"
PARTS = {
    "ServiceIdentification": f"{OWS}ServiceIdentification", "ServiceProvider": f"{OWS}ServiceProvider", "OperationsMetadata": f"{OWS}OperationsMetadata",
    "Contents": f"{WMTS}Contents", "Themes": f"{WMTS}Themes",
}  # fmt: skip


@pytest.mark.parametrize("wanted", [*((one,) for one in PARTS), ("ServiceProvider", "Contents")])
def test_sections_are_what_is_asked_for(world: World, wanted: tuple[str, ...]) -> None:
    root = etree.fromstring(world.client.get(f"{ASKED}&Sections={','.join(wanted)}").content)
    there = {name for name, tag in PARTS.items() if root.find(tag) is not None}
    assert there <= set(wanted)
    assert there == set(wanted) - {"Themes"}, "there are no themes here"
    assert root.get("version") == "1.0.0"


def test_all_sections_and_an_accepted_format(world: World) -> None:
    whole = world.client.get(ASKED)
    for same in (
        "Sections=All",
        "AcceptFormats=text/xml",
        "acceptFORMATS=application/unknown,text/xml",
        "AcceptVersions=2.0.0,1.0.0",
    ):
        assert world.client.get(f"{ASKED}&{same}").content == whole.content, same


def test_each_binding_says_its_encoding(world: World) -> None:
    root = etree.fromstring(world.client.get(ASKED).content)
    gets = list(root.iter(f"{OWS}Get"))
    assert len(gets) >= 3, "GetCapabilities, GetTile, GetFeatureInfo"
    for one in gets:
        constraint = one.find(f"{OWS}Constraint")
        assert constraint.get("name") == "GetEncoding"
        encoding = constraint.findtext(f"{OWS}AllowedValues/{OWS}Value")
        assert encoding in ("KVP", "RESTful")
        assert one.get(f"{XLINK}href").endswith("?") == (encoding == "KVP")
    described = root.find(f"{WMTS}ServiceMetadataURL").get(f"{XLINK}href")
    assert world.client.get(described.removeprefix("http://maps.example")).status_code == 200


def test_identifiers_and_links_hold_together(world: World) -> None:
    root = etree.fromstring(world.client.get(ASKED).content)
    sets = {}
    for one in root.findall(f"{WMTS}Contents/{WMTS}TileMatrixSet"):
        matrices = one.findall(f"{WMTS}TileMatrix")
        names = [matrix.findtext(f"{OWS}Identifier") for matrix in matrices]
        scales = [matrix.findtext(f"{WMTS}ScaleDenominator") for matrix in matrices]
        assert len(set(names)) == len(names) == len(set(scales))
        sets[one.findtext(f"{OWS}Identifier")] = {
            name: (int(matrix.findtext(f"{WMTS}MatrixWidth")), int(matrix.findtext(f"{WMTS}MatrixHeight")))
            for name, matrix in zip(names, matrices, strict=True)
        }
    for layer in root.iter(f"{WMTS}Layer"):
        assert [one.get("isDefault") for one in layer.iter(f"{WMTS}Style")].count("true") == 1
        for link in layer.iter(f"{WMTS}TileMatrixSetLink"):
            matrices = sets[link.findtext(f"{WMTS}TileMatrixSet")]
            for limits in link.iter(f"{WMTS}TileMatrixLimits"):
                wide, tall = matrices[limits.findtext(f"{WMTS}TileMatrix")]
                assert (
                    0
                    <= int(limits.findtext(f"{WMTS}MinTileCol"))
                    <= int(limits.findtext(f"{WMTS}MaxTileCol"))
                    < wide
                )
                assert (
                    0
                    <= int(limits.findtext(f"{WMTS}MinTileRow"))
                    <= int(limits.findtext(f"{WMTS}MaxTileRow"))
                    < tall
                )


def test_every_layer_can_be_asked_and_its_tile_has_its_size(world: World) -> None:
    """No layer is without InfoFormat, so that no GetFeatureInfo is refused as not supported (clause 7.3)."""
    root = etree.fromstring(world.client.get(ASKED).content)
    for layer in root.iter(f"{WMTS}Layer"):
        assert layer.find(f"{WMTS}InfoFormat") is not None
        assert layer.find(f"{WMTS}Format") is not None
    layer = next(
        one for one in root.iter(f"{WMTS}Layer") if one.findtext(f"{OWS}Identifier") == "sentinel2-l2a"
    )
    limits = layer.find(f"{WMTS}TileMatrixSetLink/{WMTS}TileMatrixSetLimits/{WMTS}TileMatrixLimits")
    where = {
        name.upper(): limits.findtext(f"{WMTS}{tag}")
        for name, tag in (("TileMatrix", "TileMatrix"), ("TileRow", "MinTileRow"), ("TileCol", "MinTileCol"))
    }
    asked = {
        "SERVICE": "WMTS",
        "REQUEST": "GetTile",
        "VERSION": "1.0.0",
        "LAYER": "sentinel2-l2a",
        "STYLE": "true-colour",
        "TILEMATRIXSET": "WebMercatorQuad",
        **where,
    }
    for form in ("image/png", "image/jpeg", "image/webp"):
        picture = Image.open(BytesIO(world.client.get("/wmts", params={**asked, "FORMAT": form}).content))
        assert picture.size == (256, 256)
        assert picture.get_format_mimetype() == form
    clear = np.asarray(
        Image.open(
            BytesIO(world.client.get("/wmts", params={**asked, "FORMAT": "image/png"}).content)
        ).convert("RGBA")
    )
    assert not clear[..., 3].all(), "a tile of the first matrix is larger than the products"


def test_the_default_time_is_what_no_time_draws(world: World) -> None:
    root = etree.fromstring(world.client.get(ASKED).content)
    layer = next(
        one for one in root.iter(f"{WMTS}Layer") if one.findtext(f"{OWS}Identifier") == "sentinel2-l2a"
    )
    default = layer.findtext(f"{WMTS}Dimension/{WMTS}Default")
    limits = layer.findall(f"{WMTS}TileMatrixSetLink/{WMTS}TileMatrixSetLimits/{WMTS}TileMatrixLimits")[12]
    place = "/".join(
        (
            "WebMercatorQuad",
            *(limits.findtext(f"{WMTS}{tag}") for tag in ("TileMatrix", "MinTileRow", "MinTileCol")),
        )
    )
    asked = [
        world.client.get(f"/wmts/1.0.0/sentinel2-l2a/ndvi/{when}/{place}.png")
        for when in (default, "default", "current")
    ]
    assert {one.status_code for one in asked} == {200}
    assert asked[0].content == asked[1].content == asked[2].content
