# SPDX-License-Identifier: Apache-2.0
"""Names of products, as they are distributed (knowledge of the formats is in docs/reference/product-types.md)."""

import pytest

from catalog.ingest.names import identify, prefix_of
from catalog.model.product import version_order
from catalog.model.time import day_text, micros_text
from config.registry import load_registry

KINDS = tuple(load_registry().types.values())


@pytest.mark.parametrize(
    ("name", "kind", "product", "version", "day"),
    [
        (
            "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D_V1-9",
            "sentinel2-l2a",
            "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D",
            "1-9",
            "2018-10-23",
        ),
        (
            "SENTINEL2B_20181023-105107-455_L2A_T30TYP_C_V1-9",
            "sentinel2-l2a",
            "SENTINEL2B_20181023-105107-455_L2A_T30TYP_D",
            "1-9",
            "2018-10-23",
        ),
        (
            "SENTINEL2X_20181015-000000-000_L3A_T31TCJ_D_V1-1",
            "sentinel2-l3a",
            "SENTINEL2X_20181015-000000-000_L3A_T31TCJ_D",
            "1-1",
            "2018-10-15",
        ),
        (
            "SENTINEL2B_20180828-103013-461_L2B-SNOW_T31TGL_D_V2-0",
            "snow-cover",
            "SENTINEL2B_20180828-103013-461_L2B-SNOW_T31TGL_D",
            "2-0",
            "2018-08-28",
        ),
        (
            "LANDSAT8-OLITIRS-XS_20170504-103532-111_L2B-SNOW_T31TCH_D_V1-0",
            "snow-cover",
            "LANDSAT8_20170504-103532-111_L2B-SNOW_T31TCH_D",
            "1-0",
            "2017-05-04",
        ),
        (
            "LIS_S2-SNOW-FSC_T31TCH_20210910_1.8_001",
            "snow-fsc",
            "LIS_S2-SNOW-FSC_T31TCH_20210910",
            "1.8_001",
            "2021-09-10",
        ),
        (
            "LIS_S2-SNOW-FSC_T32TLQ_20220203T103832_2-0_14",
            "snow-fsc",
            "LIS_S2-SNOW-FSC_T32TLQ_20220203T103832",
            "2-0_14",
            "2022-02-03",
        ),
        (
            "LIS_S2-SNOW-MSK_T11UNT_20170704T185934_1-10_01",
            "snow-cover",
            "LIS_S2-SNOW-MSK_T11UNT_20170704T185934",
            "1-10_01",
            "2017-07-04",
        ),
        (
            "FSC_20210910T105031_S2A_T31TCJ_V100_1",
            "snow-fsc",
            "FSC_20210910T105031_S2A_T31TCJ",
            "V100_1",
            "2021-09-10",
        ),
        ("OSO_20220101_RASTER_V1-0", "oso-23", "OSO_20220101_RASTER", "1-0", "2022-01-01"),
        ("OSO_20170101_RASTER_V1-0", "oso-17", "OSO_20170101_RASTER", "1-0", "2017-01-01"),
        (
            "LANDSAT8-OLITIRS-XS_20170504-103532-111_L2A_T31TCH_C_V1-0",
            "landsat-l2a",
            "LANDSAT8-OLITIRS-XS_20170504-103532-111_L2A_T31TCH_D",
            "1-0",
            "2017-05-04",
        ),
        (
            "VENUS-XS_20180202-105554-000_L2A_FR-LUS_C_V1-0",
            "venus-l2a",
            "VENUS-XS_20180202-105554-000_L2A_FR-LUS_D",
            "1-0",
            "2018-02-02",
        ),
        (
            "LANDSAT8_OLITIRS_XS_20160415_N2A_France-MetropoleD0005H0002",
            "landsat-n2a",
            "LANDSAT8_OLITIRS_XS_20160415_N2A_France-MetropoleD0005H0002",
            "1",
            "2016-04-15",
        ),
        (
            "S2A_MSIL1C_20240120T105341_N0510_R051_T31TCJ_20240120T125244.SAFE",
            "sentinel2-l1c",
            "S2A_MSIL1C_20240120T105341_R051_T31TCJ",
            "20240120T125244",
            "2024-01-20",
        ),
        (
            "LIS_S2L8-SNOW-SCD_T31TCH_20170901_20180831_1.7_1",
            "snow-season",
            "LIS_S2L8-SNOW-SEASON_T31TCH_20170901_20180831",
            "1.7_1",
            "2017-09-01",
        ),
        ("N44E005", "dem", "SRTM_N44E005", "0", "2000-02-11"),
        ("OCS_2018_CESBIO", "oso-23", "OSO_20180101_RASTER", "0-0", "2018-01-01"),
    ],
)
def test_a_distributed_name_is_recognised(name: str, kind: str, product: str, version: str, day: str) -> None:
    found = identify(name, KINDS)
    assert found is not None
    assert (found.kind.id, found.id, found.version, day_text(found.day)) == (kind, product, version, day)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Classif_Seed_0",
        "SENTINEL2B_20181323-105107-455_L2A_T30TYP_D_V1-9",
        "OSO_20150101_RASTER_V1-0",
        "S2A_MSIL2A_20240120T105401_N0510_R051_T31TCJ_20240120T125514",
    ],
)
def test_another_name_is_not(name: str) -> None:
    assert identify(name, KINDS) is None


def test_the_prefix_of_a_metadata_file_is_the_product() -> None:
    found = prefix_of("SENTINEL2B_20181023-105107-455_L2A_T30TYP_D_V1-9_MTD_ALL.xml", KINDS)
    assert found is not None
    assert found.version == "1-9"


def test_a_synthesis_stands_for_its_month_and_a_land_cover_for_its_year() -> None:
    month, year = (
        identify("SENTINEL2X_20181015-000000-000_L3A_T31TCJ_D_V1-1", KINDS),
        identify("OSO_20220101_RASTER_V1-0", KINDS),
    )
    assert month and year
    assert (micros_text(month.period.start), micros_text(month.period.end)) == (
        "2018-10-01T00:00:00Z",
        "2018-11-01T00:00:00Z",
    )
    assert (micros_text(year.period.start), micros_text(year.period.end)) == (
        "2022-01-01T00:00:00Z",
        "2023-01-01T00:00:00Z",
    )


def test_versions_rise_by_number() -> None:
    assert sorted(["1-10", "1-9", "2-0", "1-9_002"], key=version_order) == ["1-9", "1-9_002", "1-10", "2-0"]
    assert version_order("2²") == ((-1, "2²"),), "a digit that is no decimal is a letter"
