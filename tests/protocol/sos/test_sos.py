# SPDX-License-Identifier: Apache-2.0
"""SOS 2.0 through the door: capabilities, sensors, features, observations; each fault with its code and locator; XSD-valid throughout."""

import gzip
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from support import LocalSchemas, World, shared

from catalog.generator.hydroweb import AGEN, ORLEANS, River, write_river
from catalog.ingest.readers.hydroweb import HEIGHT, read
from catalog.keys import KeyRequest
from catalog.model.principal import ANONYMOUS, OPERATOR, Role
from catalog.model.time import micros_text
from config.settings import Settings
from hysope.wiring import wire_catalog, wire_ingest
from ogc.sos.request import read_request
from ogc.sos.service import SosService

BASE = "http://maps.example"
RIVERS = "hydroweb-rivers-operational"
OM, WATERML = "http://www.opengis.net/om/2.0", "http://www.opengis.net/waterml/2.0"
NS = {
    "sos": "http://www.opengis.net/sos/2.0", "swes": "http://www.opengis.net/swes/2.0", "ows": "http://www.opengis.net/ows/1.1", "om": OM,
    "gml": "http://www.opengis.net/gml/3.2", "wml2": WATERML, "sams": "http://www.opengis.net/samplingSpatial/2.0",
    "fes": "http://www.opengis.net/fes/2.0", "xlink": "http://www.w3.org/1999/xlink", "swe": "http://www.opengis.net/swe/2.0",
}  # fmt: skip
PROPERTY = f"{BASE}/properties/water_surface_height"


@pytest.fixture(scope="module")
def valid() -> etree.XMLSchema:
    """One schema over SOS, WaterML, SensorML and sampling features."""
    shared("schemas", "schemas.opengis.net", "sos", "2.0", "sos.xsd")
    imports = "".join(
        f'<xs:import namespace="http://www.opengis.net/{name}" schemaLocation="http://schemas.opengis.net/{place}"/>'
        for name, place in (
            ("sos/2.0", "sos/2.0/sos.xsd"),
            ("waterml/2.0", "waterml/2.0/waterml2.xsd"),
            ("sensorml/2.0", "sensorML/2.0/sensorML.xsd"),
            ("samplingSpatial/2.0", "samplingSpatial/2.0/spatialSamplingFeature.xsd"),
            ("ows/1.1", "ows/1.1.0/owsAll.xsd"),
        )
    )
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text, parser))


def get(hydro: World, headers: dict[str, str] | None = None, **parameters: str):
    base = {"service": "SOS", "version": "2.0.0"}
    return hydro.client.get("/sos", params={**base, **parameters}, headers=headers or {})


def tree(answer) -> etree._Element:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    return etree.fromstring(answer.content)


def observe(hydro: World, **parameters: str) -> etree._Element:
    return tree(get(hydro, request="GetObservation", **parameters))


def values(root: etree._Element) -> list[tuple[str, float]]:
    return [
        (
            one.findtext("om:phenomenonTime//gml:timePosition", namespaces=NS),
            float(one.findtext("om:result", namespaces=NS)),
        )
        for one in root.iterfind(".//om:OM_Observation", NS)
    ]


def test_capabilities_are_valid_and_say_everything_inside_the_offering(
    hydro: World, valid: etree.XMLSchema
) -> None:
    root = tree(hydro.client.get("/sos?service=SOS&request=GetCapabilities&acceptversions=2.0.0"))
    valid.assertValid(root)
    (contents,) = root.iterfind("sos:contents/sos:Contents", NS)
    assert {etree.QName(child).localname for child in contents} == {"offering"}
    offerings = {
        one.findtext("swes:identifier", namespaces=NS): one
        for one in root.iterfind(".//sos:ObservationOffering", NS)
    }
    assert "hydroweb-rivers-research" not in offerings
    rivers = offerings[RIVERS]
    assert [one.text for one in rivers.iterfind("swes:procedure", NS)] == [f"{BASE}/collections/{RIVERS}"]
    assert [one.text for one in rivers.iterfind("swes:observableProperty", NS)] == [PROPERTY]
    assert [one.text for one in rivers.iterfind("sos:responseFormat", NS)] == [
        OM,
        WATERML,
        "text/csv",
    ]
    south, west = map(float, rivers.findtext(".//gml:lowerCorner", namespaces=NS).split())
    north, east = map(float, rivers.findtext(".//gml:upperCorner", namespaces=NS).split())
    assert south <= AGEN.latitude <= north
    assert west <= AGEN.longitude <= east
    assert rivers.find("sos:resultTime", NS) is not None
    operators = [
        one.get("name")
        for one in root.iter(f"{{{NS['fes']}}}SpatialOperator", f"{{{NS['fes']}}}TemporalOperator")
    ]
    assert operators == ["BBOX", "During", "TEquals"]


def test_sections_are_what_was_asked(hydro: World, valid: etree.XMLSchema) -> None:
    def sections(text: str) -> list[str]:
        root = tree(hydro.client.get(f"/sos?service=SOS&request=GetCapabilities&Sections={text}"))
        valid.assertValid(root)
        return [etree.QName(child).localname for child in root]

    everything = [
        "ServiceIdentification",
        "ServiceProvider",
        "OperationsMetadata",
        "filterCapabilities",
        "contents",
    ]
    assert sections("All") == everything
    assert sections("Contents,ServiceProvider") == ["ServiceProvider", "contents"]
    assert sections("") == []
    revision = tree(hydro.client.get("/sos?service=SOS&request=GetCapabilities")).get("updateSequence")
    same = tree(hydro.client.get(f"/sos?service=SOS&request=GetCapabilities&updateSequence={revision}"))
    assert len(same) == 0


def test_a_series_equals_the_file(hydro: World, valid: etree.XMLSchema) -> None:
    path = shared("data", "hydroweb", "reconstructed_txt", "hydroprd_R_MARONI_OELEMARI_KM0387.txt")
    expected = [(micros_text(point.time), point.value) for point in next(read(path, 1 << 20)).points[HEIGHT]]
    root = observe(
        hydro, offering=RIVERS, observedProperty=PROPERTY, featureOfInterest="R_MARONI_OELEMARI_KM0387"
    )
    valid.assertValid(root)
    assert values(root) == expected
    (first, *_) = root.iterfind(".//om:OM_Observation", NS)
    links = {
        name: first.find(f"om:{name}", NS).get(f"{{{NS['xlink']}}}href")
        for name in ("procedure", "observedProperty", "featureOfInterest")
    }
    assert links == {
        "procedure": f"{BASE}/collections/{RIVERS}",
        "observedProperty": PROPERTY,
        "featureOfInterest": f"{BASE}/stations/R_MARONI_OELEMARI_KM0387",
    }
    assert first.find("om:result", NS).get("uom") == "m"
    assert first.findtext(".//{*}Record") == "0.22"
    root = observe(hydro, featureOfInterest="R_MARONI_OELEMARI_KM0387", responseFormat=WATERML)
    valid.assertValid(root)
    points = root.findall(".//wml2:MeasurementTVP", NS)
    assert [
        (one.findtext("wml2:time", namespaces=NS), float(one.findtext("wml2:value", namespaces=NS)))
        for one in points
    ] == expected
    assert [one.findtext(".//swe:value", namespaces=NS) for one in points] == ["0.22", "0.22", "0.04"]


def test_waterml_keeps_the_rules_of_its_schematron(hydro: World) -> None:
    """10-126r4: a period as phenomenon time, a title on each link, a unit, an interpolation type."""
    root = observe(hydro, featureOfInterest=f"{ORLEANS.name},{AGEN.name}", responseFormat=WATERML)
    found = root.findall(".//om:OM_Observation", NS)
    assert len(found) == 2
    for one in found:
        period = one.find("om:phenomenonTime/gml:TimePeriod", NS)
        times = [time.text for time in one.iterfind(".//wml2:time", NS)]
        assert period.findtext("gml:beginPosition", namespaces=NS) == times[0]
        assert period.findtext("gml:endPosition", namespaces=NS) == times[-1]
        assert (
            one.find(".//wml2:interpolationType", NS).get(f"{{{NS['xlink']}}}href").endswith("/Discontinuous")
        )
        assert one.find(".//wml2:uom", NS).get("code") == "m"
        assert all(
            link.get(f"{{{NS['xlink']}}}title") for link in one.iter() if link.get(f"{{{NS['xlink']}}}href")
        )
    marks = [mark for element in root.iter() if (mark := element.get(f"{{{NS['gml']}}}id"))]
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ("2016-03-01T10:12:00Z", 1),
        ("2016-03-01T10:12Z", 1),
        ("2016-03-01", 1),
        ("2016-03-01T11:12:00+01:00", 1),
        ("2016-03-01T10:12:30Z", 0),
        ("2016-01-01/2016-12-31T23:59:59Z", 12),
        ("2016-01-01T00:00:00+00:00/2016-12-31T00:00:00+00:00", 12),
        ("2020-01-01T01:00:00Z", 0),
        ("1990-01-01/1990-02-01", 0),
    ],
)
def test_times_filter_and_no_match_is_an_empty_answer(
    hydro: World, valid: etree.XMLSchema, times: str, count: int
) -> None:
    for form in (OM, WATERML):
        root = observe(
            hydro,
            featureOfInterest=AGEN.name,
            temporalFilter=f"om:phenomenonTime,{times}",
            responseFormat=form,
        )
        valid.assertValid(root)
        assert len(root.findall(".//wml2:point" if form == WATERML else ".//om:result", NS)) == count
        assert bool(len(root)) is bool(count)


@pytest.mark.parametrize(
    ("area", "found"),
    [
        ("44.1,0.5,44.3,0.7", [AGEN.name]),
        ("44.1,0.5,44.3,0.7,http://www.opengis.net/def/crs/EPSG/0/4326", [AGEN.name]),
        ("44.1,0.5,44.3,0.7,urn:ogc:def:crs:EPSG::4326", [AGEN.name]),
        ("0.5,44.1,0.7,44.3,http://www.opengis.net/def/crs/OGC/1.3/CRS84", [AGEN.name]),
        ("0.5,44.1,0.7,44.3", []),
        ("40,-5,50,10", [AGEN.name, ORLEANS.name]),
    ],
)
def test_a_box_is_read_in_the_order_of_its_crs(
    hydro: World, valid: etree.XMLSchema, area: str, found: list[str]
) -> None:
    asked = f"om:featureOfInterest/*/sams:shape,{area}"
    root = tree(get(hydro, request="GetFeatureOfInterest", spatialFilter=asked))
    valid.assertValid(root)
    assert [one.text.rpartition("/")[2] for one in root.iterfind(".//gml:identifier", NS)] == found
    rows = observe(hydro, spatialFilter=asked, responseFormat=WATERML)
    assert len(rows) == len(found)


def test_features_by_any_name_have_latitude_first(hydro: World) -> None:
    for name in (AGEN.name, f"{AGEN.number:013d}", f"{BASE}/stations/{AGEN.name}"):
        root = tree(get(hydro, request="GetFeatureOfInterest", featureOfInterest=name))
        (feature,) = root.iterfind(".//sams:SF_SpatialSamplingFeature", NS)
        assert feature.findtext("gml:identifier", namespaces=NS) == f"{BASE}/stations/{AGEN.name}"
        assert feature.findtext(".//gml:pos", namespaces=NS) == f"{AGEN.latitude} {AGEN.longitude}"
    every = tree(
        get(hydro, request="GetFeatureOfInterest", observedProperty="water_surface_height", procedure=RIVERS)
    )
    assert len(every) >= 2


def test_a_sensor_is_described_in_sensorml(hydro: World, valid: etree.XMLSchema) -> None:
    form = "http://www.opengis.net/sensorml/2.0"
    root = tree(
        get(
            hydro,
            request="DescribeSensor",
            procedure=f"{BASE}/collections/{RIVERS}",
            procedureDescriptionFormat=form,
        )
    )
    valid.assertValid(root)
    assert root.findtext(".//gml:identifier", namespaces=NS) == f"{BASE}/collections/{RIVERS}"
    assert f"{BASE}/stations/{AGEN.name}" in [
        one.get(f"{{{NS['xlink']}}}href") for one in root.iter("{*}feature")
    ]


OBSERVATION = {"request": "GetObservation"}
SENSOR = {
    "request": "DescribeSensor",
    "procedure": RIVERS,
    "procedureDescriptionFormat": "http://www.opengis.net/sensorml/2.0",
}
FEATURES = {"request": "GetFeatureOfInterest"}
BY_ID = {"request": "GetObservationById", "observation": "some"}
TEMPLATE = {"request": "GetResultTemplate", "offering": RIVERS, "observedProperty": PROPERTY}
RESULT = {**TEMPLATE, "request": "GetResult"}
OLD = {
    "request": "GetObservation", "version": "1.0.0", "offering": RIVERS, "observedProperty": PROPERTY, "responseFormat": 'text/xml;subtype="om/1.0.0"',
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "code", "locator"),
    [
        *[
            ({**base, name: value}, code, name)
            for base in (OBSERVATION, SENSOR, FEATURES, BY_ID, TEMPLATE, RESULT)
            for name in ("service", "version")
            for value, code in (("", "MissingParameterValue"), ("wrong", "InvalidParameterValue"))
        ],
        *[
            ({**base, name: value}, code, name)
            for base, names in (
                (
                    OBSERVATION,
                    ("offering", "observedProperty", "procedure", "featureOfInterest", "responseFormat"),
                ),
                (SENSOR, ("procedure", "procedureDescriptionFormat")),
                (FEATURES, ("procedure", "observedProperty", "featureOfInterest")),
                (TEMPLATE, ("offering", "observedProperty")),
                (RESULT, ("offering", "observedProperty", "featureOfInterest")),
                (OLD, ("offering", "observedProperty", "procedure", "featureOfInterest", "responseFormat")),
            )
            for name in names
            for value, code in (("", "MissingParameterValue"), ("wrong", "InvalidParameterValue"))
        ],
        ({**BY_ID, "observation": ""}, "MissingParameterValue", "observation"),
        ({**RESULT, "observedProperty": "water_area"}, "InvalidParameterValue", "observedProperty"),
        ({**OLD, "eventTime": "soon"}, "InvalidParameterValue", "eventTime"),
        ({**OLD, "bbox": "1,2,3"}, "InvalidParameterValue", "bbox"),
        ({**OLD, "responseMode": "attached"}, "InvalidParameterValue", "responseMode"),
        ({**SENSOR, "version": "1.0.0"}, "MissingParameterValue", "outputFormat"),
        ({**FEATURES, "version": "1.0.0"}, "InvalidParameterValue", "version"),
        ({"request": ""}, "MissingParameterValue", "request"),
        ({"request": "InsertSensor"}, "OperationNotSupported", "request"),
        ({**OBSERVATION, "temporalFilter": ""}, "MissingParameterValue", "temporalFilter"),
        (
            {**OBSERVATION, "temporalFilter": "om:phenomenonTime,nonsense"},
            "InvalidParameterValue",
            "temporalFilter",
        ),
        (
            {**OBSERVATION, "temporalFilter": "om:phenomenonTime,2020-02-01/2020-01-01"},
            "InvalidParameterValue",
            "temporalFilter",
        ),
        ({**OBSERVATION, "temporalFilter": "colour,2020-01-01"}, "InvalidParameterValue", "temporalFilter"),
        ({**OBSERVATION, "spatialFilter": ""}, "MissingParameterValue", "spatialFilter"),
        (
            {**OBSERVATION, "spatialFilter": "om:featureOfInterest/*/sams:shape,1,2,nan,4"},
            "InvalidParameterValue",
            "spatialFilter",
        ),
        (
            {**OBSERVATION, "spatialFilter": "om:featureOfInterest/*/sams:shape,1,2,3"},
            "InvalidParameterValue",
            "spatialFilter",
        ),
        (
            {**OBSERVATION, "spatialFilter": "om:featureOfInterest/*/sams:shape,1,2,3,4,EPSG:2154"},
            "InvalidParameterValue",
            "spatialFilter",
        ),
        (
            {"request": "GetCapabilities", "acceptVersions": "9.9"},
            "VersionNegotiationFailed",
            "AcceptVersions",
        ),
        ({"request": "GetCapabilities", "sections": "wrong"}, "InvalidParameterValue", "section"),
        (
            {"request": "GetCapabilities", "updateSequence": "999999"},
            "InvalidUpdateSequence",
            "updateSequence",
        ),
        ({**OBSERVATION, "offering": "hydroweb-rivers-research"}, "InvalidParameterValue", "offering"),
    ],
)
def test_each_fault_has_its_code_and_locator(
    hydro: World, valid: etree.XMLSchema, changed: dict[str, str], code: str, locator: str
) -> None:
    answer = get(hydro, **changed)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/xml")
    root = etree.fromstring(answer.content)
    valid.assertValid(root)
    (exception,) = root
    assert exception.get("exceptionCode") == code
    assert (exception.get("locator") or "").lower() == locator.lower()


@pytest.mark.parametrize("name", ["service", "version"])
def test_what_is_absent_is_missing(hydro: World, name: str) -> None:
    parameters = {"service": "SOS", "version": "2.0.0", "request": "GetObservation"}
    del parameters[name]
    root = etree.fromstring(hydro.client.get("/sos", params=parameters).content)
    assert (root[0].get("exceptionCode"), root[0].get("locator")) == ("MissingParameterValue", name)


def post(hydro: World, body: str, **headers: str):
    return hydro.client.post("/sos", content=body, headers={"content-type": "application/xml", **headers})


XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())


def test_xml_asks_the_same_as_parameters(hydro: World) -> None:
    """The child order of sos4R (observedProperty before offering) is not the schema's."""
    body = f"""<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}>
      <sos:observedProperty>{PROPERTY}</sos:observedProperty><sos:offering>{RIVERS}</sos:offering>
      <sos:featureOfInterest>{AGEN.name}</sos:featureOfInterest><sos:featureOfInterest>{ORLEANS.name}</sos:featureOfInterest>
      <sos:temporalFilter><fes:During><fes:ValueReference>om:phenomenonTime</fes:ValueReference>
        <gml:TimePeriod gml:id="p"><gml:beginPosition>2016-01-01T00:00:00Z</gml:beginPosition><gml:endPosition>2017-01-01T00:00:00Z</gml:endPosition></gml:TimePeriod>
      </fes:During></sos:temporalFilter>
      <sos:spatialFilter><fes:BBOX><fes:ValueReference>om:featureOfInterest/*/sams:shape</fes:ValueReference>
        <gml:Envelope srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><gml:lowerCorner>44 0</gml:lowerCorner><gml:upperCorner>45 1</gml:upperCorner></gml:Envelope>
      </fes:BBOX></sos:spatialFilter><sos:responseFormat>{WATERML}</sos:responseFormat></sos:GetObservation>"""
    by_xml = post(hydro, body)
    by_kvp = get(
        hydro, request="GetObservation", observedProperty=PROPERTY, offering=RIVERS, featureOfInterest=f"{AGEN.name},{ORLEANS.name}",
        temporalFilter="om:phenomenonTime,2016-01-01T00:00:00Z/2017-01-01T00:00:00Z",
        spatialFilter="om:featureOfInterest/*/sams:shape,44,0,45,1", responseFormat=WATERML,
    )  # fmt: skip
    assert by_xml.status_code == 200
    assert by_xml.content == by_kvp.content
    assert by_xml.text.count("<wml2:point>") == 12


def test_capabilities_of_the_old_namespace_and_other_operations_by_xml(hydro: World) -> None:
    old = '<sos:GetCapabilities service="SOS" xmlns:sos="http://www.opengis.net/sos/1.0" xmlns:ows="http://www.opengis.net/ows/1.1"><ows:AcceptVersions><ows:Version>2.0.0</ows:Version></ows:AcceptVersions><ows:Sections><ows:Section>Contents</ows:Section></ows:Sections></sos:GetCapabilities>'
    assert len(tree(post(hydro, old))) == 1
    sensor = f'<swes:DescribeSensor service="SOS" version="2.0.0" {XMLNS}><swes:procedure>{RIVERS}</swes:procedure><swes:procedureDescriptionFormat>http://www.opengis.net/sensorml/2.0</swes:procedureDescriptionFormat></swes:DescribeSensor>'
    assert etree.QName(tree(post(hydro, sensor))).localname == "DescribeSensorResponse"
    feature = f'<sos:GetFeatureOfInterest service="SOS" version="2.0.0" {XMLNS}><sos:featureOfInterest>{AGEN.name}</sos:featureOfInterest></sos:GetFeatureOfInterest>'
    assert len(tree(post(hydro, feature))) == 1


@pytest.mark.parametrize(
    "body",
    [
        "not xml",
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:nonsense/></sos:GetObservation>',
        f"<sos:GetObservation {XMLNS}/>",
        f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:temporalFilter/></sos:GetObservation>',
        f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:spatialFilter><fes:BBOX/></sos:spatialFilter></sos:GetObservation>',
        f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:offering><x/></sos:offering></sos:GetObservation>',
    ],
)
def test_a_body_that_is_no_request_is_invalid_request(hydro: World, body: str) -> None:
    answer = post(hydro, body)
    root = etree.fromstring(answer.content)
    assert (answer.status_code, root[0].get("exceptionCode")) == (400, "InvalidRequest")


def test_a_body_that_is_too_long_is_refused(hydro: World) -> None:
    answer = post(hydro, "<a>" + " " * 1_100_000)
    assert (answer.status_code, "limits.body_bytes" in answer.text) == (400, True)


def test_a_form_and_a_gzipped_answer(hydro: World) -> None:
    form = hydro.client.post(
        "/sos",
        data={
            "service": "SOS",
            "version": "2.0.0",
            "request": "GetObservation",
            "featureOfInterest": AGEN.name,
        },
    )
    with hydro.client.stream(
        "GET",
        f"/sos?service=SOS&version=2.0.0&request=GetObservation&featureOfInterest={AGEN.name}",
        headers={"accept-encoding": "gzip"},
    ) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == form.content
    assert len(values(etree.fromstring(form.content))) == 120


def test_a_protected_offering_is_there_for_its_group_only(hydro: World) -> None:
    _, key = hydro.services.catalog.keys.create(KeyRequest("hanna", Role.USER, ("hydro",)), OPERATOR)
    secret = {"X-API-Key": key}
    assert len(tree(get(hydro, secret, request="GetObservation", offering="hydroweb-rivers-research"))) == 12
    assert "hydroweb-rivers-research" in get(hydro, secret, request="GetCapabilities").text
    assert get(hydro, request="GetObservation", offering="hydroweb-rivers-research").status_code == 400
    everything = get(hydro, request="GetFeatureOfInterest").text
    assert "KM0700" not in everything
    answer = get(hydro, {"X-API-Key": "hyk_wrong"}, request="GetCapabilities")
    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)


def test_a_hundred_thousand_points_need_no_more_memory_than_a_few(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    catalog = wire_catalog(settings)
    long = River("Loire", "Loire", 1, 1.0, 47.0, 1)
    write_river(tmp_path, long, 100_000, step=timedelta(minutes=40))
    worker = wire_ingest(settings, catalog)
    assert worker.run(worker.find(sorted(tmp_path.glob("*.txt")))).counts() == {"new": 1}
    service = SosService(catalog, settings)

    def peak(times: str) -> tuple[int, int]:
        asked = {
            "SERVICE": "SOS",
            "VERSION": "2.0.0",
            "REQUEST": "GetObservation",
            "RESPONSEFORMAT": WATERML,
            "TEMPORALFILTER": f"om:phenomenonTime,{times}",
        }
        tracemalloc.start()
        points = sum(
            part.count(b"<wml2:point>") for part in service.answer(read_request(asked), ANONYMOUS, BASE).parts
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return points, most

    few, little = peak("2016-03-01/2017-03-01")
    many, much = peak("2016-01-01/2030-01-01")
    assert (12_000 < few < 14_000, many) == (True, 100_000)
    assert much < little * 1.3 + 1_000_000
    catalog.close()


def test_every_address_in_the_capabilities_is_a_page(hydro: World) -> None:
    text = get(hydro, request="GetCapabilities").text
    root = etree.fromstring(text.encode())
    addresses = {
        one.text
        for one in root.iter("{*}Value", "{*}procedure", "{*}observableProperty")
        if (one.text or "").startswith(BASE)
    }
    assert len(addresses) >= 4
    for address in addresses:
        page = hydro.client.get(address.removeprefix(BASE))
        assert page.status_code == 200, address
    assert hydro.client.get("/stations/nothing").status_code == 404
    assert hydro.client.get("/properties/colour").status_code == 404
    assert "Séries" in hydro.client.get(f"/stations/{AGEN.number:013d}?lang=fr").text


def test_what_there_is_from_when_to_when_and_how_many(hydro: World) -> None:
    """GetDataAvailability as sos4R asks it: without a word, by property, by station; in the names of the other operations."""
    gda = "{http://www.opengis.net/sosgda/1.0}"
    every = tree(get(hydro, request="GetDataAvailability"))
    assert every.tag == f"{gda}GetDataAvailabilityResponse"
    assert every.prefix == "gda"
    members = every.findall(f"{gda}dataAvailabilityMember")
    assert len(members) >= 4
    for member in members:
        links = {
            name: member.find(f"{gda}{name}").get(f"{{{NS['xlink']}}}href")
            for name in ("procedure", "observedProperty", "featureOfInterest")
        }
        found = observe(
            hydro,
            procedure=links["procedure"],
            observedProperty=links["observedProperty"],
            featureOfInterest=links["featureOfInterest"],
        )
        rows = values(found)
        assert int(member.findtext(f"{gda}count")) == len(rows)
        times = [member.findtext(f".//gml:{name}Position", namespaces=NS) for name in ("begin", "end")]
        assert times == [rows[0][0], rows[-1][0]]
    one = tree(get(hydro, request="GetDataAvailability", featureOfInterest=AGEN.name, offering=RIVERS))
    assert [item.get(f"{{{NS['xlink']}}}title") for item in one.iter(f"{gda}featureOfInterest")] == [
        AGEN.name
    ]
    wrong = get(hydro, request="GetDataAvailability", featureOfInterest="nothing")
    assert (wrong.status_code, 'locator="featureOfInterest"' in wrong.text) == (400, True)
    assert "research" not in etree.tostring(every).decode()


@pytest.mark.parametrize("form", [OM, WATERML])
def test_the_first_and_the_latest_observation_of_each_series(hydro: World, form: str) -> None:
    whole = values(observe(hydro, featureOfInterest=AGEN.name))
    for edge, expected in (("first", whole[0]), ("latest", whole[-1])):
        found = observe(
            hydro,
            featureOfInterest=AGEN.name,
            temporalFilter=f"om:phenomenonTime,{edge}",
            responseFormat=form,
        )
        if form == OM:
            assert values(found) == [expected]
        else:
            assert [one.text for one in found.iter("{*}time")] == [expected[0]]
            assert [float(one.text) for one in found.iter(f"{{{WATERML}}}value")] == [expected[1]]
    assert len(observe(hydro, temporalFilter="om:phenomenonTime,latest", responseFormat=WATERML)) >= 4
