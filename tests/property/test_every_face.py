"""One question, one answer: any place, time and words find the same ids at every face of the catalogue."""

from typing import Any
from urllib.parse import urlencode

import pytest
import shapely
from centres import Centre
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely.geometry import shape

QUIET = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = ("neige", "Neige", "snow", "Garonne", "garonnes", "réflectance", "reflectances", "Toulouse", "hauteurs", "cadastre", "bretagne", "Sentinel", "surface", "T31TCJ", "nothingatall")  # fmt: skip


@pytest.fixture(scope="module")
def every_item(centre: Centre) -> dict[str, Any]:
    """All items by their ids; there are enough of every sort for questions to have answers."""
    found = {one["id"]: one for one in centre.search(limit=1_000)["features"]}
    assert len({one["collection"] for one in found.values()}) >= 8
    return found


@st.composite
def boxes(draw: Any) -> tuple[float, float, float, float]:
    west, south = draw(st.floats(-180, 170)), draw(st.floats(-85, 80))
    if draw(st.booleans()):  # where the things are
        west, south = draw(st.floats(-10, 10)), draw(st.floats(38, 52))
    wide, high = draw(st.floats(0.01, 120)), draw(st.floats(0.01, 60))
    return tuple(round(side, 4) for side in (west, south, min(180.0, west + wide), min(90.0, south + high)))  # type: ignore[return-value]


@st.composite
def periods(draw: Any) -> tuple[str, str]:
    first = draw(st.integers(1950, 2026))
    last = first + draw(st.integers(0, 30))
    return f"{first}-03-01T00:00:00Z", f"{last}-06-01T00:00:00Z"


@QUIET
@given(box=st.none() | boxes(), period=st.none() | periods(), word=st.none() | st.sampled_from(WORDS))
def test_the_same_ids_on_every_face(
    centre: Centre,
    every_item: dict[str, Any],
    box: tuple[float, float, float, float] | None,
    period: tuple[str, str] | None,
    word: str | None,
) -> None:
    places = {"bbox": ",".join(map(str, box))} if box else {}
    words = {"q": word} if word else {}
    times = "/".join(period) if period else ""
    records = _records(centre, {**places, **words, **({"datetime": times} if times else {})})
    ends = dict(zip(("start", "end"), period, strict=True)) if period else {}
    assert _opensearch(centre, {**places, **words, **ends}) == records
    assert _csw(centre, {**places, **words, **({"time": times} if times else {})}) == records
    body = {**({"bbox": list(box)} if box else {}), **({"q": [word]} if word else {}), **({"datetime": times} if times else {})}  # fmt: skip
    items = {one["id"] for one in centre.search(**body, limit=1_000)["features"]}
    assert items == {name for name in records if _is_item(every_item.get(name), box)}


def _records(centre: Centre, asked: dict[str, str]) -> set[str]:
    found = centre.get(f"/ogcapi/collections/metadata/items?{urlencode({'limit': 1_000, **asked})}")
    assert found["numberMatched"] == len(found["features"])
    return {one["id"] for one in found["features"]}


def _opensearch(centre: Centre, asked: dict[str, str]) -> set[str]:
    found = centre.get(f"/opensearch/search?{urlencode({'format': 'json', 'count': 500, **asked})}")
    return {one["id"] for one in found["features"]}


def _csw(centre: Centre, asked: dict[str, str]) -> set[str]:
    plain = {"service": "CSW", "version": "3.0.0", "request": "GetRecords", "typeNames": "csw30:Record", "elementSetName": "brief", "maxRecords": 1_000, "outputSchema": "http://www.opengis.net/cat/csw/3.0"}  # fmt: skip
    answer = centre.client.get(f"/csw?{urlencode({**plain, **asked})}")
    assert answer.status_code == 200, answer.text
    return {one.text or "" for one in etree.fromstring(answer.content).iter("{http://purl.org/dc/elements/1.1/}identifier")}  # fmt: skip


def _is_item(item: dict[str, Any] | None, box: tuple[float, float, float, float] | None) -> bool:
    """Whether a record that was found is an item, too: it says a time, is no collection of ours, and, as a product, its footprint meets the box, not only its own box."""
    if item is None:
        return False
    return box is None or item["geometry"] is None or shapely.intersects(_footprint(item), shapely.box(*box))


def _footprint(item: dict[str, Any]) -> shapely.Geometry:
    """Of a product its footprint; of other records the catalogue has the box."""
    if any(one["rel"] == "via" for one in item["links"]) and "bbox" in item:
        return shapely.box(*item["bbox"])
    return shape(item["geometry"])
