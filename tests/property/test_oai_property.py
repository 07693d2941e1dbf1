# SPDX-License-Identifier: Apache-2.0
"""Any arguments of OAI-PMH: a document of the protocol with status 200, never a 5xx."""

import base64
import json
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from support import World

NAMES = st.sampled_from(
    ["verb", "metadataPrefix", "from", "until", "set", "identifier", "resumptionToken", "other"]
)
PARTS = st.lists(
    st.one_of(st.text(max_size=20), st.integers(-(2**65), 2**65), st.none(), st.sampled_from(["oai_dc", "2024-01-01", "kind:product"])), min_size=7, max_size=9
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["Identify", "ListSets", "ListRecords", "ListIdentifiers", "GetRecord", "ListMetadataFormats", "oai_dc", "iso19139", "0001-01-01", "9999-12-31", "2024-02-29T23:59:60Z", "kind:product",
         "collection:sentinel2-l2a", "oai:hysope.local:sentinel2-l2a", "oai:hysope.local:", "'; DROP TABLE record; --"]
    ),
    PARTS.map(lambda parts: base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()),
    st.builds(
        lambda at, last, done: base64.urlsafe_b64encode(json.dumps(["oai_dc", "", "", "", at, last, done, 5]).encode()).decode(),
        st.integers(0, 2**63), st.text(max_size=10), st.integers(0, 9),
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=3_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    verb=st.sampled_from(["ListRecords", "GetRecord", "ListIdentifiers", "ListSets", None]),
)
def test_any_arguments_get_a_document(world: World, pairs: list[tuple[str, str]], verb: str | None) -> None:
    sent = [
        *([("verb", verb)] if verb else []),
        *((name, value.encode("utf-8", "replace").decode()) for name, value in pairs),
    ]
    answer = world.client.get(f"/oai?{urlencode(sent)}")
    assert answer.status_code == 200, (sent, answer.text[:300])
    assert etree.QName(etree.fromstring(answer.content)).localname == "OAI-PMH"
