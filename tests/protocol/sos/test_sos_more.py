# SPDX-License-Identifier: Apache-2.0
"""SOS beyond GetObservation: single observations, bare results, SOAP, CSV, and SOS 1.0.0; the same values through each of them."""

import csv
import io

import pytest
from lxml import etree
from support import LocalSchemas, World, shared
from test_sos import BASE, NS, PROPERTY, RIVERS, WATERML, XMLNS, get, observe, post, tree, valid, values

from catalog.generator.hydroweb import AGEN, ORLEANS

HREF = f"{{{NS['xlink']}}}href"
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
OLD = {
    "sos": "http://www.opengis.net/sos/1.0", "om": "http://www.opengis.net/om/1.0", "gml": "http://www.opengis.net/gml",
    "swe": "http://www.opengis.net/swe/1.0.1", "sml": "http://www.opengis.net/sensorML/1.0.1", "ows": NS["ows"],
}  # fmt: skip
__all__ = ["valid"]


def test_an_observation_is_found_again_by_its_identifier(hydro: World, valid: etree.XMLSchema) -> None:
    every = observe(hydro, featureOfInterest=AGEN.name)
    names = [one.text for one in every.iterfind(".//gml:identifier", NS)]
    assert len(names) == len(set(names)) == 120
    chosen = f"{names[3]},{names[70]},{names[3].split('(')[1][1:-2]},nobody.has.this,{BASE}/nothing"
    found = tree(get(hydro, request="GetObservationById", observation=chosen))
    valid.assertValid(found)
    assert etree.QName(found).localname == "GetObservationByIdResponse"
    rows = values(every)
    assert values(found) == [rows[3], rows[70], rows[3]]
    assert [one.text for one in found.iterfind(".//gml:identifier", NS)] == [names[3], names[70], names[3]]
    thing = hydro.client.get(names[3].removeprefix(BASE)).json()
    assert (thing["phenomenonTime"], thing["result"]) == (rows[3][0], rows[3][1])


def test_a_series_is_found_by_its_identifier(hydro: World, valid: etree.XMLSchema) -> None:
    (name,) = [
        one.text
        for one in observe(hydro, featureOfInterest=AGEN.name, responseFormat=WATERML).iterfind(
            ".//gml:identifier", NS
        )
    ]
    found = tree(get(hydro, request="GetObservationById", observation=name))
    valid.assertValid(found)
    assert len(found.findall(".//wml2:point", NS)) == 120
    assert len(tree(get(hydro, request="GetObservationById", observation="wrong"))) == 0


def test_what_is_protected_has_no_identifier(hydro: World) -> None:
    answer = get(
        hydro, request="GetObservationById",
        observation="R_GARONNE_GARONNE_KM0700.hydroweb-rivers-research.water_surface_height",
    )  # fmt: skip
    assert len(tree(answer)) == 0


def test_results_are_what_their_template_says(hydro: World, valid: etree.XMLSchema) -> None:
    template = tree(get(hydro, request="GetResultTemplate", offering=RIVERS, observedProperty=PROPERTY))
    valid.assertValid(template)
    fields = [one.get("name") for one in template.iterfind(".//swe:field", NS)]
    assert fields == ["phenomenonTime", "featureOfInterest", "water_surface_height", "uncertainty"]
    encoding = template.find(".//swe:TextEncoding", NS)
    found = tree(
        get(
            hydro, request="GetResult", offering=RIVERS, observedProperty=PROPERTY, featureOfInterest=f"{AGEN.name},{ORLEANS.name}",
            temporalFilter="om:phenomenonTime,2016-01-01/2016-12-31",
        )
    )  # fmt: skip
    valid.assertValid(found)
    text = found.findtext("sos:resultValues", namespaces=NS)
    rows = [
        line.split(encoding.get("tokenSeparator"))
        for line in text.strip().split(encoding.get("blockSeparator"))
    ]
    assert {row[1] for row in rows} == {AGEN.name, ORLEANS.name}
    mine = [(row[0], float(row[2])) for row in rows if row[1] == AGEN.name]
    assert mine == values(observe(hydro, featureOfInterest=AGEN.name))[:12]
    nothing = get(
        hydro, request="GetResult", offering=RIVERS, observedProperty=PROPERTY, temporalFilter="om:phenomenonTime,1990-01-01",
    )  # fmt: skip
    assert tree(nothing).findtext("sos:resultValues", namespaces=NS) == ""


def test_csv_has_the_same_rows(hydro: World) -> None:
    answer = get(
        hydro, request="GetObservation", featureOfInterest=f"{AGEN.name},L_tana", responseFormat="text/csv"
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["time"], float(row["value"])) for row in rows if row["station"] == AGEN.name] == values(
        observe(hydro, featureOfInterest=AGEN.name)
    )
    assert {(row["observed_property"], row["unit"]) for row in rows if row["station"] == "L_tana"} >= {
        ("water_surface_height", "m"), ("water_area", "km2"),
    }  # fmt: skip


def test_data_availability_2_names_the_offering(hydro: World) -> None:
    gda = "{http://www.opengis.net/sosgda/2.0}"
    found = tree(
        get(
            hydro, request="GetDataAvailability", featureOfInterest=AGEN.name, responseFormat="http://www.opengis.net/sosgda/2.0"
        )
    )  # fmt: skip
    assert [one.get(HREF) for one in found.iter(f"{gda}offering")] == [RIVERS]


@pytest.mark.parametrize(("namespace", "media"), [(SOAP_12, "application/soap+xml"), (SOAP_11, "text/xml")])
def test_soap_holds_what_plain_xml_holds(
    hydro: World, valid: etree.XMLSchema, namespace: str, media: str
) -> None:
    asked = (
        f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:featureOfInterest>{AGEN.name}</sos:featureOfInterest></sos:GetObservation>'
    )  # fmt: skip
    wrapped = (
        f'<env:Envelope xmlns:env="{namespace}"><env:Header/><env:Body>{asked}</env:Body></env:Envelope>'
    )
    answer = post(hydro, wrapped, **{"content-type": media})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, media)
    root = etree.fromstring(answer.content)
    assert root.tag == f"{{{namespace}}}Envelope"
    (body,) = root
    (inside,) = body
    valid.assertValid(etree.fromstring(etree.tostring(inside)))
    assert values(inside) == values(etree.fromstring(post(hydro, asked).content))
    for request in ("GetCapabilities", "GetDataAvailability"):
        found = post(hydro, wrapped.replace(asked, f'<sos:{request} service="SOS" version="2.0.0" {XMLNS}/>'))
        assert etree.QName(etree.fromstring(found.content)[0][0]).localname in (
            "Capabilities", "GetDataAvailabilityResponse",
        )  # fmt: skip


def test_a_soap_fault_holds_the_report(hydro: World) -> None:
    wrong = f'<sos:GetObservation service="SOS" version="2.0.0" {XMLNS}><sos:offering>wrong</sos:offering></sos:GetObservation>'
    for namespace, path in (
        (SOAP_12, "{*}Body/{*}Fault/{*}Detail/{*}ExceptionReport/{*}Exception"),
        (SOAP_11, "{*}Body/{*}Fault/detail/{*}ExceptionReport/{*}Exception"),
    ):
        answer = post(hydro, f'<e:Envelope xmlns:e="{namespace}"><e:Body>{wrong}</e:Body></e:Envelope>')
        assert answer.status_code == 400
        exception = etree.fromstring(answer.content).find(path)
        assert (exception.get("exceptionCode"), exception.get("locator")) == (
            "InvalidParameterValue", "offering",
        )  # fmt: skip
    for body in ("", wrong + wrong):
        answer = post(hydro, f'<e:Envelope xmlns:e="{SOAP_12}"><e:Body>{body}</e:Body></e:Envelope>')
        assert (answer.status_code, "InvalidRequest" in answer.text) == (400, True)


class WithMarkings(LocalSchemas):
    """SensorML 1.0.1 imports the US security markings from a place that the mirror lacks; TML has them too."""

    def resolve(self, url, _pid, context):
        return super().resolve(url.replace("/ic/2.0/", "/tml/1.0.0/"), _pid, context)


@pytest.fixture(scope="module")
def valid_1() -> etree.XMLSchema:
    """One schema over SOS 1.0.0, O&M 1.0 and SensorML 1.0.1."""
    shared("schemas", "schemas.opengis.net", "sos", "1.0.0", "sosAll.xsd")
    imports = "".join(
        f'<xs:import namespace="{OLD[prefix]}" schemaLocation="http://schemas.opengis.net/{place}"/>'
        for prefix, place in (
            ("sos", "sos/1.0.0/sosAll.xsd"),
            ("om", "om/1.0.0/om.xsd"),
            ("sml", "sensorML/1.0.1/sensorML.xsd"),
        )
    )
    parser = etree.XMLParser()
    parser.resolvers.add(WithMarkings())
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text, parser))


def old(hydro: World, request: str, **parameters: str) -> etree._Element:
    answer = hydro.client.get(
        "/sos", params={"service": "SOS", "version": "1.0.0", "request": request, **parameters}
    )
    assert answer.status_code == 200, answer.text
    return etree.fromstring(answer.content)


def test_old_capabilities_are_valid(hydro: World, valid_1: etree.XMLSchema) -> None:
    for address in ("version=1.0.0", "acceptVersions=1.0.0", "AcceptVersions=1.0.0,2.0.0"):
        root = etree.fromstring(
            hydro.client.get(f"/sos?service=SOS&request=GetCapabilities&{address}").content
        )
        valid_1.assertValid(root)
        assert root.tag == f"{{{OLD['sos']}}}Capabilities"
    offered = [one.get(f"{{{OLD['gml']}}}id") for one in root.iterfind(".//sos:ObservationOffering", OLD)]
    assert RIVERS in offered
    assert "hydroweb-rivers-research" not in offered


def test_an_old_sensor_description_is_valid(hydro: World, valid_1: etree.XMLSchema) -> None:
    described = old(
        hydro, "DescribeSensor", procedure=RIVERS, outputFormat='text/xml;subtype="sensorML/1.0.1"'
    )
    assert described.tag == f"{{{OLD['sml']}}}SensorML"
    valid_1.assertValid(described)
    inside = tree(
        get(hydro, request="DescribeSensor", procedure=RIVERS, procedureDescriptionFormat=OLD["sml"])
    )
    assert inside.find(".//sml:System", OLD) is not None


def test_old_observations_are_the_same_values(hydro: World, valid_1: etree.XMLSchema) -> None:
    asked = {
        "offering": RIVERS,
        "observedProperty": PROPERTY,
        "responseFormat": 'text/xml;subtype="om/1.0.0"',
    }
    root = old(
        hydro, "GetObservation", **asked, featureOfInterest=AGEN.name, eventTime="2016-01-01/2016-12-31"
    )
    valid_1.assertValid(root)
    (one,) = root.iterfind("om:member/om:Observation", OLD)
    rows = [row.split(",") for row in one.findtext(".//swe:values", namespaces=OLD).strip(";").split(";")]
    assert int(one.findtext(".//swe:Count/swe:value", namespaces=OLD)) == len(rows) == 12
    assert [(row[0], float(row[1])) for row in rows] == values(observe(hydro, featureOfInterest=AGEN.name))[
        :12
    ]
    box = old(hydro, "GetObservation", **asked, bbox="44.1,0.5,44.3,0.7")
    assert len(box) == 1
    empty = old(hydro, "GetObservation", **asked, eventTime="1990-01-01")
    valid_1.assertValid(empty)
    assert empty.find("om:member", OLD).get(HREF) == "urn:ogc:def:nil:OGC:inapplicable"


def test_an_old_request_in_xml(hydro: World) -> None:
    body = f"""<GetObservation xmlns="{OLD["sos"]}" xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="{OLD["gml"]}" service="SOS" version="1.0.0">
      <offering>{RIVERS}</offering><eventTime><ogc:TM_During><ogc:PropertyName>om:samplingTime</ogc:PropertyName><gml:TimePeriod>
      <gml:beginPosition>2016-01-01T00:00:00Z</gml:beginPosition><gml:endPosition>2016-12-31T00:00:00Z</gml:endPosition></gml:TimePeriod></ogc:TM_During></eventTime>
      <observedProperty>{PROPERTY}</observedProperty><responseFormat>text/xml;subtype="om/1.0.0"</responseFormat></GetObservation>"""
    answer = post(hydro, body)
    assert answer.status_code == 200, answer.text
    assert etree.QName(etree.fromstring(answer.content)).localname == "ObservationCollection"


def test_an_old_fault_says_the_old_version(hydro: World) -> None:
    answer = hydro.client.get("/sos?service=SOS&version=1.0.0&request=GetObservation")
    root = etree.fromstring(answer.content)
    assert (answer.status_code, root.get("version"), root[0].get("locator")) == (400, "1.0.0", "offering")
