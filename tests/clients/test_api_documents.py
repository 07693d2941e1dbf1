# SPDX-License-Identifier: Apache-2.0
"""schemathesis over the API documents: thousands of requests made from what we say of ourselves, valid ones and broken ones.

Every answer must have a status, a media type and a shape that the document tells, and none may be a 5xx.
"""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.client
ROOT = Path(__file__).parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,missing_required_header,unsupported_method"
SCHEMAS = f"{CHECKS},response_schema_conformance"
NAMES = """
[parameters]
"path.collection" = "sentinel2-l2a"
"path.collectionId" = "sentinel2-l2a"
"path.processID" = "echo"
"path.tileMatrixSetId" = "WebMercatorQuad"
"""


@pytest.mark.parametrize(
    ("api", "phases", "names", "checks"),
    [
        ("ogcapi", "coverage,fuzzing", "", SCHEMAS),
        ("ogcapi", "fuzzing", NAMES, SCHEMAS),
        ("stac", "coverage,fuzzing", "", SCHEMAS),
        ("stac", "fuzzing", NAMES, SCHEMAS),
        ("titiler", "fuzzing", NAMES, CHECKS),
    ],
    ids=["ogcapi", "ogcapi-named", "stac", "stac-named", "titiler"],
)
def test_answers_are_what_the_document_says(
    guarded_server: tuple[str, str], tmp_path: Path, api: str, phases: str, names: str, checks: str
) -> None:
    """With any names, which mostly do not exist, and with names that do. (titiler's own schemas of answers are not those of OpenAPI 3.1.)"""
    tool = ROOT / ".venv-clients" / "bin" / "st"
    if not tool.exists():
        pytest.skip("the second environment is not there (make clients)")
    (tmp_path / "schemathesis.toml").write_text(names)
    address, key = guarded_server
    said = subprocess.run(
        [
            *(str(tool), "run", f"{address}/{api}/api", "-H", f"X-API-Key: {key}", "--checks", checks),
            *("--phases", phases, "--max-examples", "10", "--generation-deterministic"),
            *("--warnings", "off", "--no-color"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=240,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-6_000:]
    counts = re.search(r"(\d+) generated, (\d+) passed", said.stdout)
    assert counts, said.stdout[-2_000:]
    assert counts[1] == counts[2]
    assert int(counts[1]) > 50
