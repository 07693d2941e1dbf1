# SPDX-License-Identifier: Apache-2.0
"""Runs py-hydroweb as its guide shows: a basket of rivers and lakes, downloaded as a zip, listed, deleted. Prints one JSON document."""

import json
import logging
import sys
import zipfile
from datetime import date

import py_hydroweb

logging.disable(logging.CRITICAL)
server, key, folder = sys.argv[1:4]
client = py_hydroweb.Client(hydroweb_api_url=f"{server}/hydroweb/api", api_key=key)
basket = py_hydroweb.DownloadBasket("my basket")
basket.add_collection("HYDROWEB_RIVERS_OPE", bbox=[0.0, 40.0, 3.0, 50.0])
basket.add_collection(
    "HYDROWEB_LAKES_OPE",
    folder="lakes/africa",
    intersects={"type": "Polygon", "coordinates": [[[30, -5], [40, -5], [40, 15], [30, 15], [30, -5]]]},
    query={
        "start_datetime": {"lte": "2020-01-01T00:00:00.000Z"},
        "end_datetime": {"gte": "2020-01-01T00:00:00.000Z"},
    },
)
basket.add_collection("HYDROWEB_RIVERS_OPE", intersects_refs=["HYDROWEB_RIVERS_OPE.R_MARONI_OELEMARI_KM0387"])
path = client.submit_and_download_zip(basket, output_folder=folder)
with zipfile.ZipFile(path) as opened:
    opened.testzip()
    names = sorted(opened.namelist())
    opened.extractall(folder)
listed = client.get_downloads_info(last_update=date(2020, 1, 1))
(number,) = listed
client.delete_download(number)
print(
    json.dumps(
        {
            "zip": path.rpartition("/")[2],
            "names": names,
            "status": listed[number].status.value,
            "left": len(client.get_downloads_info(page=0, size=5)),
        }
    )
)
