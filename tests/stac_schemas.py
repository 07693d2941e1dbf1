"""The schemas of STAC, offline: the core ones that pystac carries (by their file names), and those of the extensions from the mirror."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pystac
import pytest
from referencing import Registry, Resource
from support import SHARED

_CORE = "https://schemas.stacspec.org/v1.1.0/{0}-spec/json-schema/{0}.json"
_CARRIED = Path(pystac.__file__).parent / "validation" / "jsonschemas"


class Schemas:
    """What documents are held against."""

    def __init__(self) -> None:
        self._registry: Registry = Registry(retrieve=_retrieve)

    def validate(self, document: dict[str, Any], uri: str) -> None:
        """Raises ValidationError; skips the test where the schema is not on this machine."""
        jsonschema.Draft7Validator({"$ref": uri}, registry=self._registry).validate(document)

    def core(self, document: dict[str, Any]) -> None:
        """An item, a collection or a catalog against the core schema."""
        name = document["type"].lower().replace("feature", "item")
        self.validate(document, _CORE.format(name))


def _retrieve(uri: str) -> Resource:
    host, _, path = uri.partition("://")[2].partition("/")
    local = SHARED / "schemas" / host / path
    found = [local] if local.is_file() else sorted(_CARRIED.rglob(path.rpartition("/")[2]), key=lambda one: "v1.1.0" not in str(one))  # fmt: skip
    if not found:
        pytest.skip(f"the schema {uri} is not on this machine")
    return Resource.from_contents(json.loads(found[0].read_text()))
