# SPDX-License-Identifier: Apache-2.0
"""The assertions of OGC's executable test suite for SOS 2.0, its reading side, by their names (ets-sos20; the suite itself is not to be had here).

Each is sent by KVP and, where it is about a parameter of an operation, as XML (POX) too where a schema lets such a request be written.
"""

import re
from dataclasses import dataclass

import pytest
from lxml import etree
from support import World, shared
from test_sos import NS, OM, PROPERTY, RIVERS, get, tree, valid

__all__ = ["valid"]
SML = "http://www.opengis.net/sensorml/2.0"
MISSING, INVALID = "MissingParameterValue", "InvalidParameterValue"


@dataclass(frozen=True)
class Operation:
    """An operation with a right request, and the parameters that the suite empties or breaks."""

    name: str
    prefix: str
    suffix: str
    request: dict[str, str]
    broken: tuple[tuple[str, str], ...]
    """The suite's word for a parameter, and ours for KVP."""


def station(hydro: World) -> str:
    root = tree(get(hydro, request="GetFeatureOfInterest", procedure=RIVERS))
    return root.find(".//gml:identifier", NS).text


OFFERING = {"offering": RIVERS, "observedProperty": PROPERTY}
OPERATIONS = (
    Operation("DescribeSensor", "DS", "core", {"procedure": RIVERS, "procedureDescriptionFormat": SML}, (("Procedure", "procedure"), ("ProcedureDescriptionFormat", "procedureDescriptionFormat"))),
    Operation("GetObservation", "GO", "core", {**OFFERING, "procedure": RIVERS, "responseFormat": OM}, (
        ("Offering", "offering"), ("ObservedProperty", "observedProperty"), ("Procedure", "procedure"), ("FeatureOfInterest", "featureOfInterest"), ("ResponseFormat", "responseFormat"),
    )),
    Operation("GetFeatureOfInterest", "GFOI", "foiRetrieval", {"procedure": RIVERS}, (
        ("Procedure", "procedure"), ("ObservedProperty", "observedProperty"), ("featureOfInterest", "featureOfInterest"),
    )),
    Operation("GetObservationById", "GOBI", "obsByIdRetrieval", {}, (("observation", "observation"),)),
    Operation("GetResultTemplate", "GRT", "resultRetrieval", OFFERING, (("offering", "offering"), ("observedProperty", "observedProperty"))),
    Operation("GetResult", "GR", "resultRetrieval", OFFERING, (("offering", "offering"), ("observedProperty", "observedProperty"))),
)  # fmt: skip
EMPTY_IS_AN_ANSWER = {"GOBIRequestInvalidobservation_obsByIdRetrieval"}
"""An observation that there is not: an empty response, as the suite wants it."""
CASES = [
    (f"{one.prefix}Request{kind}{word}_{one.suffix}", one, name, value, code)
    for one in OPERATIONS
    for word, name in (("Service", "service"), ("Version", "version"), *one.broken)
    for kind, value, code in (
        ("No", None, MISSING),
        ("Null", "", MISSING),
        ("Invalid", "no-such-thing", INVALID),
    )
    if kind != "No" or name in ("service", "version")
]
OTHERS = {
    "ows-OWS.ContentType.1": "test_each_answer_says_its_media_type", "ows-OWS.GetCapabilities-Exceptions.2": "test_a_report_is_one_of_ows",
    "ows-OWS.GetCapabilities-UpdateSequence.1": "test_a_report_is_one_of_ows", "ows-OWS.GetCapabilities-Exceptions.5": "test_a_report_is_one_of_ows",
    "ows-OWS.CaseInsensitiveKvpNames.1": "test_names_of_parameters_are_in_any_case", "ows-OWS.GetCapabilities-AcceptVersions.1": "test_versions_are_negotiated",
    "ows-OWS.GetCapabilities-AcceptVersions.2": "test_versions_are_negotiated", "ows-OWS.GetCapabilities-AcceptVersions.3": "test_versions_are_negotiated",
    "ows-OWS.GetCapabilities-Sections.1": "test_sections_are_those_asked_for", "ows-OWS.GetCapabilities-Sections.2": "test_sections_are_those_asked_for",
    "ows-OWS.GetCapabilities-AcceptFormats.1": "test_each_answer_says_its_media_type", "GCCorrectServiceParameter_core": "test_capabilities_have_what_they_must",
    "GCOperationMetadataMandatory_core": "test_capabilities_have_what_they_must", "GCRequiredSectionsInCapabilities_core": "test_capabilities_have_what_they_must",
    "GCWrongSectionParameter_core": "test_sections_are_those_asked_for", "GCBBOX_KVPBindingExtension": "test_capabilities_have_what_they_must",
    "GCOperatorDuringAndTEquals_core": "test_capabilities_have_what_they_must", "GCParametersInObservationOffering_core": "test_capabilities_have_what_they_must",
    "GCResponseFormat_core": "test_capabilities_have_what_they_must", "DSRequestValidRequest_core": "test_right_requests_have_valid_answers",
    "GORequestNoResponseFormat_core": "test_right_requests_have_valid_answers", "GORequestOtherResponseFormat_core": "test_right_requests_have_valid_answers",
    "GORequestEmptyObservation_core": "test_what_matches_nothing_is_an_empty_answer", "GFOIRequestEmptyResponse_foiRetrieval": "test_what_matches_nothing_is_an_empty_answer",
    "GRRequestEmptyResponse_resultRetrieval": "test_what_matches_nothing_is_an_empty_answer", "GFOIRequestNULLSpatialFilter_foiRetrieval": "test_spatial_filters_that_are_none",
    "GFOIRequestInvalidSpatialFilter_foiRetrieval": "test_spatial_filters_that_are_none", "GOBIRequestValidRequest_obsByIdRetrieval": "test_right_requests_have_valid_answers",
    "GRTRequestValidRequest_resultRetrieval": "test_right_requests_have_valid_answers", "GRRequestValidRequest_resultRetrieval": "test_right_requests_have_valid_answers",
    "general-SOS.General-InvalidRequest.1": "test_a_document_that_is_no_request",
}  # fmt: skip
REASONS = {
    "GCInsertionCapabilities_insertionCap": "nothing is inserted: observations come as deliveries (issue: later)",
    "GORequestResponseExceedsSizeLimit_core": "tests/protocol/sos/test_sos.py holds it, with a limit that is small enough",
    "general-main": "a group", "ows-main": "a group",
}  # fmt: skip


def test_every_reading_assertion_of_the_suite_is_here() -> None:
    text = shared("knowledge", "hydro", "ets_sos20_tests.txt").read_text(encoding="utf-8")
    groups = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    reading = [one for one in groups if not re.match(r"(Insert|Delete|SOS_ETS)", one)]
    names = {
        name for one in reading for name in re.findall(r"^(?:sos|owsTests):(\S+) \|", one, flags=re.MULTILINE)
    }
    names = {name for name in names if not name.endswith("-Test")}
    assert len(names) > 80
    assert names <= {case[0] for case in CASES} | OTHERS.keys() | REASONS.keys()
    assert set(OTHERS.values()) <= globals().keys()


@pytest.mark.parametrize(
    ("name", "operation", "parameter", "value", "code"), CASES, ids=[case[0] for case in CASES]
)
def test_a_parameter_that_is_missing_empty_or_wrong(
    hydro: World, name: str, operation: Operation, parameter: str, value: str | None, code: str
) -> None:
    right = {"service": "SOS", "version": "2.0.0", "request": operation.name, **operation.request}
    if operation.name == "GetObservation":
        right["featureOfInterest"] = station(hydro)
    if operation.name == "GetObservationById":
        right["observation"] = observation(hydro)
    sent = (
        {**right, parameter: value}
        if value is not None
        else {key: one for key, one in right.items() if key != parameter}
    )
    answer = hydro.client.get("/sos", params=sent)
    if name in EMPTY_IS_AN_ANSWER:
        assert tree(answer).tag == f"{{{NS['sos']}}}GetObservationByIdResponse"
        return
    assert answer.status_code == 400, answer.text
    (exception,) = etree.fromstring(answer.content).findall("ows:Exception", NS)
    assert exception.get("exceptionCode") == code, answer.text
    assert exception.get("locator").lower() in (parameter.lower(), "observedproperty", "observableproperty")


def observation(hydro: World) -> str:
    root = tree(
        get(
            hydro,
            request="GetObservation",
            **OFFERING,
            featureOfInterest=station(hydro),
            temporalFilter="om:phenomenonTime,first",
        )
    )
    return root.find(".//om:OM_Observation/gml:identifier", NS).text


def capabilities(hydro: World, **more: str) -> etree._Element:
    return tree(hydro.client.get("/sos", params={"service": "SOS", "request": "GetCapabilities", **more}))


def test_each_answer_says_its_media_type(hydro: World) -> None:
    for more in ({}, {"AcceptFormats": "application/xml"}, {"AcceptFormats": "text/xml"}):
        answer = hydro.client.get("/sos", params={"service": "SOS", "request": "GetCapabilities", **more})
        assert answer.headers["content-type"].split(";")[0] in ("application/xml", "text/xml")
        if more:
            assert answer.headers["content-type"].split(";")[0] in (more["AcceptFormats"], "application/xml")


def test_a_report_is_one_of_ows(hydro: World, valid: etree.XMLSchema) -> None:
    table = {
        "OperationNotSupported",
        MISSING,
        INVALID,
        "VersionNegotiationFailed",
        "InvalidUpdateSequence",
        "OptionNotSupported",
        "NoApplicableCode",
    }
    for sent in (
        {"request": "GetCapabilities"}, {"service": "SOS"}, {"service": "WMS", "request": "GetCapabilities"}, {"service": "SOS", "request": "Dance"},
        {"service": "SOS", "request": "GetCapabilities", "AcceptVersions": "9.9"},
    ):  # fmt: skip
        answer = hydro.client.get("/sos", params=sent)
        assert answer.status_code in (400, 501), answer.text
        root = etree.fromstring(answer.content)
        assert root.tag == f"{{{NS['ows']}}}ExceptionReport"
        assert root.find("ows:Exception", NS).get("exceptionCode") in table
        assert valid.validate(root), valid.error_log


def test_names_of_parameters_are_in_any_case(hydro: World) -> None:
    answer = hydro.client.get("/sos", params={"SeRvIcE": "SOS", "rEqUeSt": "GetCapabilities"})
    assert tree(answer).tag == f"{{{NS['sos']}}}Capabilities"


def test_versions_are_negotiated(hydro: World) -> None:
    assert capabilities(hydro).get("version") == "2.0.0"
    assert capabilities(hydro, AcceptVersions="2.0.0,1.0.0").get("version") == "2.0.0"
    assert capabilities(hydro, AcceptVersions="9.9.9,2.0.0").get("version") == "2.0.0"
    answer = hydro.client.get(
        "/sos", params={"service": "SOS", "request": "GetCapabilities", "AcceptVersions": "9.9.9"}
    )
    assert (
        etree.fromstring(answer.content).find("ows:Exception", NS).get("exceptionCode")
        == "VersionNegotiationFailed"
    )


def test_sections_are_those_asked_for(hydro: World) -> None:
    every = {
        "ServiceIdentification",
        "ServiceProvider",
        "OperationsMetadata",
        "filterCapabilities",
        "contents",
    }

    def sections(**more: str) -> set[str]:
        return {etree.QName(one).localname for one in capabilities(hydro, **more)} & every

    assert sections() == sections(Sections="All") == every
    assert sections(Sections="") == set()
    assert sections(Sections="ServiceProvider,Contents") == {"ServiceProvider", "contents"}
    assert sections(Sections="OperationsMetadata") == {"OperationsMetadata"}
    answer = hydro.client.get(
        "/sos", params={"service": "SOS", "request": "GetCapabilities", "Sections": "Colours"}
    )
    exception = etree.fromstring(answer.content).find("ows:Exception", NS)
    assert (exception.get("exceptionCode"), exception.get("locator").lower()) == (INVALID, "section")


def test_capabilities_have_what_they_must(hydro: World, valid: etree.XMLSchema) -> None:
    root = capabilities(hydro)
    assert valid.validate(root), valid.error_log
    assert {etree.QName(one).localname for one in root} >= {
        "ServiceIdentification",
        "ServiceProvider",
        "OperationsMetadata",
        "filterCapabilities",
        "contents",
    }
    operations = {one.get("name") for one in root.iterfind(".//ows:Operation", NS)}
    assert {"GetCapabilities", "DescribeSensor", "GetObservation"} <= operations
    assert "BBOX" in {one.get("name") for one in root.iterfind(".//fes:SpatialOperator", NS)}
    assert {"During", "TEquals"} <= {one.get("name") for one in root.iterfind(".//fes:TemporalOperator", NS)}
    offerings = root.findall(".//sos:ObservationOffering", NS)
    assert offerings
    for one in offerings:
        assert len(one.findall("swes:procedure", NS)) == 1
        assert len(one.findall("swes:identifier", NS)) == 1
        assert one.findall("swes:observableProperty", NS) or root.findall(
            ".//sos:Contents/swes:observableProperty", NS
        )
        assert OM in [format_.text for format_ in one.findall("sos:responseFormat", NS)]


def test_right_requests_have_valid_answers(hydro: World, valid: etree.XMLSchema) -> None:
    here = station(hydro)
    for operation in OPERATIONS:
        sent = dict(operation.request)
        if operation.name == "GetObservation":
            sent["featureOfInterest"] = here
        if operation.name == "GetObservationById":
            sent["observation"] = observation(hydro)
        root = tree(get(hydro, request=operation.name, **sent))
        assert etree.QName(root).localname == f"{operation.name}Response"
        assert valid.validate(root), valid.error_log
    root = tree(get(hydro, request="GetObservation", **OFFERING, featureOfInterest=here))
    assert root.findall(".//om:OM_Observation", NS), "O&M 2.0 is the format without a word"


def test_what_matches_nothing_is_an_empty_answer(hydro: World, valid: etree.XMLSchema) -> None:
    never = "om:phenomenonTime,1900-01-01T00:00:00Z/1900-01-02T00:00:00Z"
    nowhere = "om:featureOfInterest/sams:SF_SpatialSamplingFeature/sams:shape,-80.0,-170.0,-79.9,-169.9,urn:ogc:def:crs:EPSG::4326"
    for name, sent in (
        ("GetObservation", {**OFFERING, "temporalFilter": never}), ("GetFeatureOfInterest", {"spatialFilter": nowhere}), ("GetResult", {**OFFERING, "temporalFilter": never}),
    ):  # fmt: skip
        root = tree(get(hydro, request=name, **sent))
        assert etree.QName(root).localname == f"{name}Response"
        assert not root.findall(".//om:OM_Observation", NS)
        assert not root.findall("sos:featureMember", NS)
        assert valid.validate(root), valid.error_log


def test_spatial_filters_that_are_none(hydro: World) -> None:
    for value, code in (("", MISSING), ("nonsense", INVALID), ("om:colour,1,2,3,4", INVALID)):
        answer = get(hydro, request="GetFeatureOfInterest", spatialFilter=value)
        exception = etree.fromstring(answer.content).find("ows:Exception", NS)
        assert (answer.status_code, exception.get("exceptionCode")) == (400, code), value


def test_a_document_that_is_no_request(hydro: World) -> None:
    for body in (
        '<x xmlns="urn:y"/>',
        f'<GetObservation xmlns="{NS["sos"]}" service="SOS" version="2.0.0"><colour/></GetObservation>',
        "<broken",
    ):
        answer = hydro.client.post("/sos", content=body, headers={"Content-Type": "application/xml"})
        exception = etree.fromstring(answer.content).find("ows:Exception", NS)
        assert answer.status_code == 400
        assert exception.get("exceptionCode") in ("InvalidRequest", "OperationNotSupported", INVALID)
