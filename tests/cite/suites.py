# SPDX-License-Identifier: Apache-2.0
"""The suites: how each is fetched and run, and what it says, test by test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numbers_gateway

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".cite"
BIN = ROOT / ".venv-suites" / "bin"
_LONGEST_S = 900


@dataclass(frozen=True)
class Verdict:
    """What a suite says of one of its tests."""

    test: str
    outcome: str
    """`pass`, `fail` or `skip`."""
    message: str = ""


@dataclass(frozen=True)
class Place:
    """Where the server under test answers, and how schemas are reached."""

    address: str
    environment: Mapping[str, str]
    """For programs of Python: the loopback proxy that has the schemas."""


Run = Callable[[Place], list[Verdict]]


@dataclass(frozen=True)
class Suite:
    """A suite of somebody else's."""

    name: str
    subject: str
    by: str
    """Its origin and version."""
    run: Run


class NotThereError(Exception):
    """The suite cannot be fetched from where it is said to be."""


def fetched(artifact: str) -> Path:
    """A file of Maven Central by its coordinates, kept in `.cite/lib`. Raises NotThereError."""
    _group, name, version, *rest = artifact.split(":")
    suffix = f"-{rest[1]}" if len(rest) > 1 else ""
    target = WORK / "lib" / f"{name}-{version}{suffix}.{rest[0] if rest else 'jar'}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [
            "mvn",
            "-q",
            "-B",
            "-U",
            "dependency:copy",
            f"-Dartifact={artifact}",
            f"-DoutputDirectory={target.parent}",
        ]
        said = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=WORK)
        if not target.exists():
            missing = re.search(r"Could not find artifact \S+", said.stdout + said.stderr)
            raise NotThereError(missing[0] if missing else (said.stdout + said.stderr)[-300:])
    return target


def testng(artifact: str, arguments: Callable[[Place], Mapping[str, str]]) -> Run:
    """A suite of OGC's that is one jar: `java -jar … properties`; no DOCTYPE, which would be loaded from the network."""

    def run(place: Place) -> list[Verdict]:
        jar, home = fetched(artifact), WORK / "run" / artifact.split(":")[1]
        home.mkdir(parents=True, exist_ok=True)
        entries = "".join(
            f'<entry key="{key}">{escape(value)}</entry>' for key, value in arguments(place).items()
        )
        (home / "properties.xml").write_text(
            f'<?xml version="1.0"?><properties version="1.0">{entries}</properties>'
        )
        command = [
            "java",
            f"-Duser.home={home}",
            "-jar",
            str(jar),
            str(home / "properties.xml"),
        ]
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=_LONGEST_S, check=False, cwd=home
        )
        found = re.search(r"Test results: file:(\S+)", said.stdout)
        if found is None:
            raise RuntimeError(said.stdout[-2_000:] + said.stderr[-2_000:])
        return _testng_verdicts(Path(found[1]))

    return run


def _testng_verdicts(path: Path) -> list[Verdict]:
    out = []
    for method in ElementTree.parse(path).iter("test-method"):
        if method.get("is-config") == "true":
            continue
        message = method.find(".//message")
        text = " ".join((message.text or "").split()) if message is not None else ""
        name = f"{method.get('signature', '').split('(')[0]}"
        out.append(
            Verdict(name, {"PASS": "pass", "FAIL": "fail"}.get(method.get("status", ""), "skip"), text[:300])
        )
    return out


@contextmanager
def _through_numbers(place: Place) -> Iterator[Place]:
    with numbers_gateway.numbered(place.address) as address:
        yield Place(address, place.environment)


def sensor_things(place: Place) -> list[Verdict]:
    """Level 1 (reading); levels 2 and 3 write, and delete everything first."""
    run = testng(
        "org.opengis.cite:ets-sta10:1.5:jar:aio", lambda at: {"iut": f"{at.address}/sta/v1.1/", "ics": "1"}
    )
    with _through_numbers(place) as at:
        return [one for one in run(at) if "since ics = 1" not in one.message]


def features(scope: str) -> Run:
    """ogctests: the abstract tests of 17-069r4 and 19-079r2 as pytest."""

    def run(place: Place) -> list[Verdict]:
        report = WORK / "run" / f"ogctests-{scope.replace('/', '-')}.xml"
        report.parent.mkdir(parents=True, exist_ok=True)
        where = "import ogctests, pathlib; print(pathlib.Path(ogctests.__file__).parent)"
        found = subprocess.run([str(BIN / "python"), "-c", where], capture_output=True, text=True, check=True)
        command = [
            str(BIN / "python"),
            "-m",
            "pytest",
            "-q",
            "-c",
            os.devnull,
            "-p",
            "no:cacheprovider",
            f"--junit-xml={report}",
        ]
        subprocess.run(
            [*command, str(Path(found.stdout.strip()) / scope)],
            capture_output=True,
            timeout=_LONGEST_S,
            check=False,
            cwd=report.parent,
            env={**os.environ, "INSTANCE_URL": f"{place.address}/ogcapi"},
        )
        out = []
        for case in ElementTree.parse(report).iter("testcase"):
            fault = next((case.find(tag) for tag in ("failure", "error") if case.find(tag) is not None), None)
            skipped = case.find("skipped") is not None
            text = " ".join(fault.get("message", "").split())[:300] if fault is not None else ""
            out.append(
                Verdict(
                    str(case.get("name")),
                    "fail" if fault is not None else "skip" if skipped else "pass",
                    text,
                )
            )
        return out

    return run


def stac_api(place: Place) -> list[Verdict]:
    """stac-api-validator prints what it finds wrong only: every class without a finding is a pass."""
    with urllib.request.urlopen(
        f"{place.address}/stac/search?collections=sentinel2-l2a&limit=1&sortby=+datetime"
    ) as answer:
        item = json.load(answer)["features"][0]
    classes = (
        "core", "item-search", "features", "collections", "filter", "item-search#sort", "item-search#fields", "item-search#query",
        "features#sort", "features#fields", "features#query",
    )  # fmt: skip
    asked = {
        "geometry": json.dumps(item["geometry"]), "fields-nested-property": "properties.eo:cloud_cover", "query-comparison-field": "eo:cloud_cover",
        "query-eq-value": str(item["properties"]["eo:cloud_cover"]), "query-neq-value": "1", "query-lt-value": "50", "query-lte-value": "50",
        "query-gt-value": "0", "query-gte-value": "0", "query-substring-field": "platform", "query-starts-with-value": "sentinel",
        "query-ends-with-value": "2a", "query-contains-value": "tinel", "query-in-field": "platform", "query-in-values": "sentinel2a,sentinel2b",
    }  # fmt: skip
    command = [
        str(BIN / "stac-api-validator"),
        "--root-url",
        f"{place.address}/stac",
        "--collection",
        "sentinel2-l2a",
    ]
    command += [part for name in classes for part in ("--conformance", name)]
    command += [part for name, value in asked.items() for part in (f"--{name}", value)]
    said = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
        env={**os.environ, **place.environment},
    )
    text = said.stdout + said.stderr
    if "Traceback" in text or not re.search(
        r"^(Errors|Success|Warnings)", text, re.MULTILINE | re.IGNORECASE
    ):
        raise RuntimeError(text[-3_000:])
    errors = re.findall(r"^- (.+)$", text.partition("Errors")[2], re.MULTILINE)
    found = [
        Verdict(one.replace(place.address, "")[:160], "fail", one.replace(place.address, "")[:300])
        for one in errors
    ]
    bad = {one.test.partition("]")[0].strip("[ ").lower() for one in found}
    titles = {name: name.replace("-", " ").replace("#", " - ") for name in classes}
    return [
        *found,
        *(
            Verdict(name, "pass")
            for name, title in titles.items()
            if not any(one.startswith(title) for one in bad)
        ),
    ]


def climate_forecast(place: Place) -> list[Verdict]:
    """IOOS compliance-checker on what is sent as netCDF."""
    out = []
    box = "crs=EPSG:32631&bbox=300000,4898020,302000,4900020&width=20&height=20&format=NetCDF"
    for name, path in (
        ("series", "/series?f=netcdf&property=water_surface_height"),
        (
            "coverage",
            f"/wcs?service=WCS&version=1.0.0&request=GetCoverage&coverage=sentinel2-l2a&{box}&bands=1",
        ),
        (
            "classes",
            "/wcs?service=WCS&version=2.0.1&request=GetCoverage&coverageId=oso-23&format=application/netcdf&scaleFactor=0.1",
        ),
    ):
        target = WORK / "run" / f"{name}.nc"
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(place.address + path) as answer:
            target.write_bytes(answer.read())
        report = target.with_suffix(".json")
        command = [
            str(BIN / "compliance-checker"),
            "-t",
            "cf:1.11",
            "-f",
            "json",
            "-o",
            str(report),
            str(target),
        ]
        said = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
        if not report.exists():
            raise RuntimeError(said.stdout[-2_000:] + said.stderr[-2_000:])
        found = json.loads(report.read_text())
        found = found.get("cf:1.11", found)
        for priority in ("high_priorities", "medium_priorities", "low_priorities"):
            for one in found[priority]:
                got, most = one["value"]
                out.append(
                    Verdict(
                        f"{name}: {one['name']}",
                        "pass" if got == most else "fail",
                        " ".join(one["msgs"])[:300],
                    )
                )
    return out
