# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python with cuiman and ogc-api-processes-client: lists, describes, orders, follows, reads and dismisses. Prints one JSON document.

Arguments: server, key, the id of a product.
"""

import json
import sys
import time

from cuiman.api import Client
from gavicore.models import ProcessRequest
from ogc_api_processes_client.api_client_wrapper import ApiClientWrapper
from ogc_api_processes_client.configuration import Configuration

server, key, product = sys.argv[1:]
FINAL = {"successful", "failed", "dismissed"}


def until(look):
    for _ in range(300):
        found = look()
        if found in FINAL:
            return found
        time.sleep(0.1)
    return found


inputs = {"products": [product], "bands": ["B4"], "bbox": [0.0, 40.0, 3.0, 46.0]}
cuiman = Client(api_url=f"{server}/ogcapi", auth_type="api-key", api_key=key)
order = cuiman.execute_process("extract", ProcessRequest(inputs=inputs))
ended = until(lambda: cuiman.get_job(order.jobID).status.value)
results = cuiman.get_job_results(order.jobID)
held = cuiman.execute_process("extract", ProcessRequest(inputs={**inputs, "resolution": 17}))
by_cuiman = {
    "title": cuiman.get_capabilities().title,
    "classes": [str(one) for one in cuiman.get_conformance().conformsTo],
    "processes": [one.id for one in cuiman.get_processes().processes],
    "inputs": sorted(cuiman.get_process("extract").inputs),
    "status": ended,
    "jobs": [one.jobID for one in cuiman.get_jobs().jobs],
    "job": order.jobID,
    "results": results.model_dump(mode="json"),
    "dismissed": cuiman.dismiss_job(held.jobID).status.value,
}
cuiman.close()

configuration = Configuration(host=f"{server}/ogcapi")
eoepca = ApiClientWrapper(configuration=configuration, header_name="X-API-Key", header_value=key)
headers = {"X-API-Key": key, "Content-Type": "application/json", "Prefer": "respond-async"}
field = {"type": "Polygon", "coordinates": [[[0.0, 40.0], [3.0, 40.0], [3.0, 46.0], [0.0, 40.0]]]}
zones = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": field}]}
wanted = {"products": [product], "band": "B4", "polygons": zones}
begun = eoepca.execute_simple("zonal-statistics", {"inputs": wanted}, _headers=headers)
status = until(lambda: eoepca.get_status(begun.job_id).status.value)
found = eoepca.get_result(begun.job_id)
by_eoepca = {
    "title": eoepca.get_landing_page().title,
    "classes": eoepca.get_conformance_classes().conforms_to,
    "processes": [one.id for one in eoepca.get_processes().processes],
    "inputs": sorted(eoepca.get_process_description("zonal-statistics").inputs),
    "status": status,
    "jobs": [one.job_id for one in eoepca.get_jobs().jobs],
    "job": begun.job_id,
    "results": sorted(found),
    "dismissed": eoepca.dismiss(begun.job_id).status.value,
}
print(json.dumps({"cuiman": by_cuiman, "eoepca": by_eoepca}))
