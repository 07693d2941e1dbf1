# SPDX-License-Identifier: Apache-2.0
"""`make cite`: the conformance suites of others against a Hysope over the generated products; the table goes to docs/conformance.md.

Suites that are Java come from Maven Central by their coordinates, those that are Python from `requirements-suites.txt`. Nothing outside of this
machine is asked while they run: a loopback proxy has the schemas. The status is 1 where a suite says something that is not explained.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pystac.validation

sys.path.insert(0, str(Path(__file__).parents[1]))
from baseline import EXPLAINED
from running import running
from suites import (
    ROOT,
    WORK,
    NotThereError,
    Place,
    Suite,
    Verdict,
    climate_forecast,
    features,
    fetched,
    sensor_things,
    stac_api,
)

SHARED = ROOT.parent / "shared"
RUN = (
    Suite("sta10", "SensorThings 1.0, level 1", "OGC ets-sta10 1.5", sensor_things),
    Suite("features-core", "OGC API Features 1, core", "ogctests 0.1.15", features("features/core")),
    Suite("features-filtering", "OGC API Features 3, queryables and filter", "ogctests 0.1.15", features("features/filtering")),
    Suite("stac-api", "STAC API 1.0 with its extensions", "stac-api-validator 0.6.8", stac_api),
    Suite("cf", "CF 1.11 of netCDF", "compliance-checker 6.1", climate_forecast),
)  # fmt: skip
WISHED = {
    "ogcapi-features10:1.9:jar:aio": "OGC API Features", "ogcapi-tiles10:1.2:jar:aio": "OGC API Tiles", "ogcapi-edr10:1.3:jar:aio": "OGC API EDR",
    "ogcapi-processes10:1.3:jar:aio": "OGC API Processes", "cat30:1.6:jar:aio": "CSW 3.0", "wms13:1.34:zip:ctl": "WMS 1.3.0", "wms11:1.23:zip:ctl": "WMS 1.1.1",
    "wmts10:1.11:zip:ctl": "WMTS 1.0.0", "wcs20:1.22:zip:ctl": "WCS 2.0.1", "wcs10:1.20:zip:ctl": "WCS 1.0.0", "sos20:1.15:zip:ctl": "SOS 2.0",
    "csw20:1.19:zip:ctl": "CSW 2.0.2", "teamengine:teamengine-console:6.0.0:zip:bin": "TEAM Engine, which runs the zips",
}  # fmt: skip
"""Suites that were not on Maven Central when this was written; each run asks again."""


def main() -> int:
    """Runs what can be run, writes the table, and says what is not explained."""
    WORK.mkdir(exist_ok=True)
    shutil.rmtree(WORK / "run", ignore_errors=True)
    demo = ["demo", "--data", str(WORK / "data")]
    with _schemas() as environment, running(demo, WORK) as server:
        place = Place(server.address, environment)
        results = {suite: suite.run(place) for suite in RUN}
    missing = {name: said for name in WISHED if (said := _missing(name))}
    unexplained = [
        (suite.name, one)
        for suite, found in results.items()
        for one in found
        if one.outcome == "fail" and not _reason(suite.name, one)
    ]
    (ROOT / "docs" / "conformance.md").write_text(_page(results, missing))
    for suite, found in results.items():
        counts = Counter(one.outcome for one in found)
        print(f"{suite.name:20} {counts['pass']:4} pass {counts['fail']:3} fail {counts['skip']:3} skip")
    for name, one in unexplained:
        print(f"NOT EXPLAINED {name}: {one.test}: {one.message}")
    for name in sorted(WISHED.keys() - missing.keys()):
        print(f"NOW ON CENTRAL {name}: give it a line in RUN")
    return 1 if unexplained else 0


def _missing(name: str) -> str:
    """Why a suite cannot be fetched; nothing where it can."""
    group = "org.opengis.cite.teamengine:" if name.startswith("teamengine:") else "org.opengis.cite:ets-"
    try:
        fetched(group + name.removeprefix("teamengine:"))
    except NotThereError as error:
        return str(error)
    return ""


def _reason(suite: str, one: Verdict) -> str:
    return next((why for name, test, why in EXPLAINED if name == suite and one.test.startswith(test)), "")


@contextmanager
def _schemas() -> Iterator[Mapping[str, str]]:
    """The proxy that has the schemas which suites load, and what makes a program of Python use it."""
    tree = WORK / "schemas"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(SHARED / "schemas", tree)
    ours = Path(pystac.validation.__file__).parent / "jsonschemas"
    core = tree / "schemas.stacspec.org" / "v1.1.0"
    for part in ("item", "collection", "catalog"):
        shutil.copytree(ours / "stac-spec" / "v1.1.0", core / f"{part}-spec" / "json-schema")
    shutil.copytree(ours / "geojson", tree / "geojson.org" / "schema")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tool, tls = SHARED / "knowledge" / "standards" / "tools" / "schema_proxy.py", WORK / "tls"
    command = [
        sys.executable,
        str(tool),
        "--root",
        str(tree),
        "--port",
        str(port),
        "--tls",
        str(tls),
        "--log",
        str(WORK / "schemas.log"),
    ]
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        proxy = f"http://127.0.0.1:{port}"
        yield {
            "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1", "REQUESTS_CA_BUNDLE": str(tls / "ca.pem"),
            "SSL_CERT_FILE": str(tls / "ca.pem"),
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait(10)


def _page(results: Mapping[Suite, list[Verdict]], missing: Mapping[str, str]) -> str:
    lines = [
        "# Conformance", "",
        "What the suites of others say of a Hysope over the generated products. `make cite` runs them and writes this page; it needs a JDK 17, Maven",
        "and `../shared` beside the checkout (schemas). What we test by ourselves for each requirement is in `tests/protocol`.", "",
        "| suite | what | pass | fail | skip | fails that are not explained below |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for suite, found in results.items():
        counts = Counter(one.outcome for one in found)
        open_ = sum(one.outcome == "fail" and not _reason(suite.name, one) for one in found)
        lines.append(
            f"| {suite.by} | {suite.subject} | {counts['pass']} | {counts['fail']} | {counts['skip']} | {open_} |"
        )
    lines += ["", "## Explained", "", "| suite | test | fails | why |", "|---|---|---|---|"]
    for name, test, why in EXPLAINED:
        found = next(found for suite, found in results.items() if suite.name == name)
        hits = sum(one.outcome == "fail" and one.test.startswith(test) for one in found)
        lines.append(f"| {name} | {test} | {hits} | {why} |")
    lines += ["", "## Not to be had", "", "Asked of Maven Central by each run:", ""]
    lines += [f"- {WISHED[name]}: `{name}`" for name in WISHED if name in missing]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
