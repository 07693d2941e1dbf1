# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with rdflib: walks the pages of a DCAT catalogue as CKAN's harvester does, and asks the graph. Prints one JSON document.

Arguments: the address of the first page.
"""

import json
import sys
import urllib.request

from rdflib import Graph

QUERY = """
PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/>
SELECT ?node ?id ?title ?kind ?box ?start WHERE {
  ?catalogue dcat:dataset ?node . ?node a ?kind ; dct:identifier ?id ; dct:title ?title .
  OPTIONAL { ?node dct:spatial/dcat:bbox ?box } OPTIONAL { ?node dct:temporal/dcat:startDate ?start }
}
"""
NEXT = "PREFIX hydra: <http://www.w3.org/ns/hydra/core#> SELECT ?next WHERE { ?view a hydra:PagedCollection ; hydra:nextPage ?next }"
FORMS = "PREFIX dcat: <http://www.w3.org/ns/dcat#> SELECT ?address WHERE { ?d a dcat:Distribution ; dcat:accessURL ?address }"
address, graph, pages = sys.argv[1], Graph(), 0
while address:
    page = Graph()
    with urllib.request.urlopen(address, timeout=60) as answer:
        page.parse(data=answer.read(), format="json-ld")
    address = next((str(row.next) for row in page.query(NEXT)), "")
    graph += page
    pages += 1
rows = [
    {"node": str(row.node), "id": str(row.id), "title": str(row.title), "language": row.title.language, "kind": str(row.kind).rpartition("#")[2], "box": str(row.box or ""), "typed": str(getattr(row.box, "datatype", "")), "start": str(row.start or "")}
    for row in graph.query(QUERY)
]  # fmt: skip
found = {
    "pages": pages,
    "triples": len(graph),
    "rows": rows,
    "addresses": sorted({str(row.address) for row in graph.query(FORMS)}),
}
print(json.dumps(found))
