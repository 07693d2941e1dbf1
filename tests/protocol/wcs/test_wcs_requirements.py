# SPDX-License-Identifier: Apache-2.0
"""Requirements of WCS 2.0.1 that no other test shows (docs/requirements.md has them all)."""

from collections import Counter

import numpy as np
import pytest
from lxml import etree
from support import World
from test_wcs import DAY, ID, NS, document, get, stored, values

CRS = {**NS, "crs": "http://www.opengis.net/wcs/crs/1.0"}
SPEC = "http://www.opengis.net/spec/"


def test_the_envelope_and_the_grid_name_one_crs(world: World) -> None:
    root = document(world, "2.0.1", REQUEST="DescribeCoverage", COVERAGEID=ID)
    names = {
        root.find(path, NS).get("srsName")
        for path in (".//gml:EnvelopeWithTimePeriod", ".//gml:origin/gml:Point", ".//gml:offsetVector")
    }
    assert names == {"http://www.opengis.net/def/crs/EPSG/0/32631"}


def test_a_trim_to_one_line_is_a_line_of_pixels(world: World) -> None:
    answer = get(
        world, REQUEST="GetCoverage", COVERAGEID=ID, TIME=DAY, RANGESUBSET="B4",
        SUBSET="E(300105,300105)", SUBSET1="N(4899000,4899500)",
    )  # fmt: skip
    counts, opened = values(answer)
    assert opened.bounds == (300_100.0, 4_899_000.0, 300_110.0, 4_899_500.0)
    assert (counts[0, :, 0] == stored(world, "B4")[52:102, 10]).all()


@pytest.mark.parametrize("subset", ["E(1)", "N(99)", "E(999999999)"])
def test_a_slice_outside_is_invalid_subsetting(world: World, subset: str) -> None:
    answer = get(world, REQUEST="GetCoverage", COVERAGEID=ID, SUBSET=subset)
    root = etree.fromstring(answer.content)
    assert (root[0].get("exceptionCode"), answer.status_code) == ("InvalidSubsetting", 404)


def test_the_order_of_subsets_does_not_matter(world: World) -> None:
    east, north, time = "E(300500,301000)", "N(4899000,4899500)", f'time("{DAY}")'
    asked = [(east, north, time), (time, north, east), (north, time, east)]
    found = [
        values(
            get(
                world, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4",
                **{f"SUBSET{number}": text for number, text in enumerate(subsets)},
            )
        )[0]
        for subsets in asked
    ]  # fmt: skip
    assert all(np.array_equal(found[0], one) for one in found[1:])
    joined = get(world, REQUEST="GetCoverage", COVERAGEID=ID, RANGESUBSET="B4", SUBSET=",".join(asked[0]))
    assert np.array_equal(values(joined)[0], found[0])


def test_the_profiles_name_core_and_a_binding(world: World) -> None:
    root = document(world, "2.0.1", REQUEST="GetCapabilities")
    profiles = [one.text for one in root.iterfind("ows:ServiceIdentification/ows:Profile", NS)]
    assert len(set(profiles)) == len(profiles)
    for needed in (
        "WCS/2.0/conf/core",
        "WCS_protocol-binding_get-kvp/1.0/conf/get-kvp",
        "WCS_protocol-binding_post-xml/1.0/conf/post-xml",
        "WCS_service-extension_range-subsetting/1.0/conf/record-subsetting",
        "WCS_service-extension_scaling/1.0/conf/scaling",
        "WCS_service-extension_interpolation/1.0/conf/interpolation",
        "WCS_service-extension_crs/1.0/conf/crs",
        "GMLCOV_geotiff-coverages/1.0/conf/geotiff-coverage",
    ):
        assert f"{SPEC}{needed}" in profiles


def test_every_crs_is_listed_once(world: World) -> None:
    root = document(world, "2.0.1", REQUEST="GetCapabilities")
    (metadata,) = root.iterfind("wcs:ServiceMetadata/wcs:Extension/crs:CrsMetadata", CRS)
    listed = [one.text for one in metadata.iterfind("crs:crsSupported", CRS)]
    assert all(one.startswith("http://www.opengis.net/def/crs/") for one in listed)
    assert max(Counter(listed).values()) == 1
    assert "http://www.opengis.net/def/crs/EPSG/0/32631" in listed
