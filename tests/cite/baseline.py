# SPDX-License-Identifier: Apache-2.0
"""What a suite says against us, and why we leave it so: suite, the beginning of the test's name, the reason with the suite's own line."""

_FILTERING = (
    'fault of the suite: `parse_link_header` stores `parsed_link["iri"]` and keeps the quotes of `rel`, `test_ct2` compares the relation without quotes '
    'and reads `link.get("href")`; no server can pass, and what follows needs its result. The header is a test of ours (`test_links_are_headers_too`)'
)
_LENIENT = "a date, and a time without a zone, are understood as UTC on purpose: people type them, and eodag and hydroweb.next's clients send them"
_MISSION = "the suite asks for a property `mission` (`filters.py`: `cql2_text_like`), which our queryables do not name; an unknown property is refused by its name"
_IN = 'fault of the suite: `isdisjoint(set(f["properties"][…]))` makes a set of the letters of a text'

EXPLAINED: tuple[tuple[str, str, str], ...] = (
    *(("features-filtering", f"test_ct{number}", _FILTERING) for number in (2, 3, 5, 7, 8, 9, 10)),
    ("stac-api", "[Item Search] : GET /stac/search params={'datetime': '1985-04-12'}", _LENIENT),
    ("stac-api", "[Item Search] : GET /stac/search params={'datetime': '1985-12-12T23:20:50.52'}", _LENIENT),
    (
        "stac-api",
        "[Item Search - Filter Ext] : GET /stac/search params={'limit': 1, 'filter-lang': 'cql2-text', 'filter': \"mission",
        _MISSION,
    ),
    (
        "stac-api",
        '[Item Search - Filter Ext] : POST /stac/search params=None body={"limit": 1, "filter-lang": "cql2-json"',
        _MISSION,
    ),
    (
        "stac-api",
        "[Item Search - Fields Ext] : POST {'fields': {'exclude': ['geometry'], 'include': ",
        "fault of the suite: with the geometry alone excluded it wants the cloud cover to be absent (`validate_exclude_field(desc, body, fields_nested_property, …)`)",
    ),
    (
        "stac-api",
        "[Item Search - Fields Ext] : POST {'fields': {'exclude': ['properties'], 'include': ['properties.eo:cloud_cover']}}",
        "fault of the suite: `if len(item) < 5`, though with an `include` the extension wants these members only, and ours are those and what tells an item",
    ),
    ("stac-api", '[Item Search - Query Ext] : GET search with Query \'{"platform": {"in":', _IN),
    ("stac-api", '[Item Search - Query Ext] : POST search with Query \'{"platform": {"in":', _IN),
)
