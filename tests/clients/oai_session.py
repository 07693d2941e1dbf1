# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with sickle: identifies, lists, walks. Prints one JSON document."""

import json
import sys

from sickle import Sickle

client = Sickle(f"{sys.argv[1]}/oai")
records = list(client.ListRecords(metadataPrefix="oai_dc"))
result = {
    "name": client.Identify().repositoryName,
    "granularity": client.Identify().granularity,
    "formats": [one.metadataPrefix for one in client.ListMetadataFormats()],
    "sets": [one.setSpec for one in client.ListSets()],
    "headers": [one.identifier for one in client.ListIdentifiers(metadataPrefix="oai_dc")],
    "records": [one.header.identifier for one in records],
    "titles": [one.metadata["title"][0] for one in records if not one.deleted],
    "one": client.GetRecord(identifier=records[0].header.identifier, metadataPrefix="oai_dc").metadata[
        "identifier"
    ][0],
    "some": [
        one.identifier
        for one in client.ListIdentifiers(metadataPrefix="iso19139", set="collection:sentinel2-l2a")
    ],
}
print(json.dumps(result))
