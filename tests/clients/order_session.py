# SPDX-License-Identifier: Apache-2.0
"""Runs under a Python whose OWSLib can order (0.30 and newer): lists the processes, orders some. Prints one JSON document.

Arguments: server, key, and a JSON object of process to inputs.
"""

import json
import sys

from owslib.ogcapi.processes import Processes

server, key, orders = sys.argv[1:]
client = Processes(f"{server}/ogcapi", headers={"X-API-Key": key})
result = {
    "offered": [one["id"] for one in client.processes()],
    "inputs": {name: sorted(client.process(name)["inputs"]) for name in json.loads(orders)},
    "jobs": {name: client.execute(name, inputs, async_=True) for name, inputs in json.loads(orders).items()},
}
print(json.dumps(result))
