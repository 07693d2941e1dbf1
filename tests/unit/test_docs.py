# SPDX-License-Identifier: Apache-2.0
"""The pages tell all that there is: promises with tests that exist, and each setting, verb, process, type and door."""

import argparse
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from config.limits import Limits
from config.product_types import ProductType
from config.registry import load_registry
from config.settings import Bilingual, HarvestSource, Processes, Settings
from hysope.arguments import parser
from hysope.observe import _DOORS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = {path.stem: path.read_text() for path in (DOCS / "reference").glob("*.md")}
EVERYTHING = "\n".join(
    [*REFERENCE.values(), (ROOT / "README.md").read_text(), (DOCS / "operate.md").read_text()]
)


def test_every_promise_has_tests_that_exist() -> None:
    rows = re.findall(r"^\| (.+) \| (.*) \| (.+) \|$", (DOCS / "promises.md").read_text(), re.MULTILINE)[1:]
    assert len(rows) > 15
    for promise, _, tests in rows:
        named = re.findall(r"`(tests/[^`]+)`", tests)
        made = re.findall(r"`make ([a-z]+)`", tests)
        assert named or made, promise
        for one in named:
            path, _, function = one.partition("::")
            assert (ROOT / path).exists(), one
            assert not function or f"def {function}(" in (ROOT / path).read_text(), one
        for one in made:
            assert f"\n{one}:" in (ROOT / "Makefile").read_text(), one


def test_every_requirement_has_tests_that_exist_or_a_reason() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", (DOCS / "requirements.md").read_text(), re.MULTILINE)
    rows = [row for row in rows if row[0] not in ("requirement", "---")]
    assert len(rows) > 20
    for requirement, held in rows:
        named = re.findall(r"`(tests/[^`]+)`", held)
        assert named or held.startswith("none: "), requirement
        for one in named:
            path, _, function = one.partition("::")
            assert f"def {function}(" in (ROOT / path).read_text(), one


def leaves(model: type[BaseModel], prefix: str = "") -> list[str]:
    """The keys of settings, as files write them."""
    out = []
    for name, field in model.model_fields.items():
        inner = [
            one
            for one in (field.annotation, *get_args(field.annotation))
            if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        key = f"{prefix}{name}"
        out += leaves(inner[0], f"{key}.") if inner and inner[0] not in (Limits, Bilingual) else [key]
    return out


@pytest.mark.parametrize("key", [one for one in leaves(Settings) if one != "version"])
def test_every_setting_is_told(key: str) -> None:
    section, _, name = key.partition(".")
    lines = [line for line in REFERENCE["settings"].splitlines() if line.startswith("|")]
    family = [line for line in lines if re.match(rf"\| `{section}\.(\*|<)", line)]
    pages = [
        *family,
        *(
            REFERENCE[one.removesuffix(".md")]
            for line in family
            for one in re.findall(r"`([a-z]+\.md)`", line)
        ),
    ]
    told = any(f"`{key}`" in line for line in lines) or any(
        not name or section == "service" or f"`{name}`" in one for one in pages
    )
    assert told, key


def test_every_verb_is_told() -> None:
    verbs = next(one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)).choices
    missing = [
        verb
        for verb in verbs
        if verb != "version" and not re.search(rf"`?hysope {verb}\b|`{verb}[ `]", EVERYTHING)
    ]
    assert not missing


def test_every_process_type_and_protocol_is_told() -> None:
    registry = load_registry()
    for name in registry.processes:
        assert f"`{name}`" in REFERENCE["processes"], name
    for name in registry.types:
        assert f"`{name}`" in REFERENCE["product-types"], name
    for name in registry.series_types:
        assert f"`{name}`" in REFERENCE["sos"], name
    for name in get_args(HarvestSource.model_fields["type"].annotation):
        assert f"`{name}`" in REFERENCE["harvest"], name
    for door in _DOORS - {"static"}:
        assert re.search(rf"`(GET |POST )?/{re.escape(door)}[`/?]", EVERYTHING) or f"/{door}" in EVERYTHING, (
            door
        )


def test_every_plug_in_is_told() -> None:
    """What reads layouts, runs jobs, and takes foreign code."""
    for name in get_args(ProductType.model_fields["reader"].annotation):
        assert f"`{name}`" in REFERENCE["product-types"], name
    for name in get_args(Processes.model_fields["executor"].annotation):
        assert f"`{name}`" in REFERENCE["settings"], name
    for name in ("run.command", "run.python", "run.pygeoapi", "run.whole", "run.merged"):
        assert f"`{name}`" in REFERENCE["processes"], name
    assert "pygeoapi" in REFERENCE["ogcapi"]
