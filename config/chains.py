# SPDX-License-Identifier: Apache-2.0
"""Processes: one YAML file each says everything: inputs as JSON Schema, what runs, what it needs, what it publishes."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.settings import Bilingual

PLACEHOLDER = re.compile(r"\{(band|out|input)\.([A-Za-z0-9_]+)\}")
"""What stands in an argument of a command: a band's file, an output band's file, an input's value."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Selection(_Frozen):
    """The products that a process works on, one after the other: by their ids, or by a search."""

    title: Bilingual
    collections: Annotated[tuple[str, ...], Field(min_length=1)]
    """Product types that it understands."""
    bands: tuple[str, ...] = ()
    """Bands that each product must have; the run is given them, or every band where none is named."""
    optional_bands: tuple[str, ...] = ()
    """Bands that the run is given where a product has them; product types need not list them."""
    most: Annotated[int, Field(ge=1, le=10_000)] = 50


class Value(_Frozen):
    """An input that is a plain value."""

    title: Bilingual
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    """JSON Schema; a value that goes into a command is a number, an integer, a boolean, or one of an `enum`."""
    required: bool = False

    @model_validator(mode="after")
    def _right(self) -> Value:
        """The schema is one, and its default and its examples are what it allows."""
        try:
            Draft202012Validator.check_schema(self.schema_)
        except SchemaError as error:
            raise ValueError(f"the schema is none: {error.message}") from error
        validator = Draft202012Validator(self.schema_, format_checker=FormatChecker())
        shown = [
            *self.schema_.get("examples", []),
            *(self.schema_[key] for key in ("default",) if key in self.schema_),
        ]
        for value in shown:
            wrong = next(validator.iter_errors(value), None)
            if wrong is not None:
                raise ValueError(f"the example {value!r} is not what the schema allows: {wrong.message}")
        return self


class Publishes(_Frozen):
    """What becomes of each product of the selection: a product of a derived type."""

    title: Bilingual
    type: str
    """The derived product type."""
    prefix: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]*_$")]
    """Before the source's id in the result's."""


class Resources(_Frozen):
    """What one run needs; minutes grow with the selection."""

    cpus: Annotated[int, Field(ge=1)] = 1
    memory_mb: Annotated[int, Field(ge=100)] = 2_000
    minutes: Annotated[int, Field(ge=1)] = 10
    minutes_per_product: Annotated[int, Field(ge=0)] = 2

    def walltime(self, products: int) -> int:
        """Minutes for a selection of so many products."""
        return self.minutes + self.minutes_per_product * products


class Python(_Frozen):
    """A function of ours: `module:function`, called with each product."""

    python: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.]*:[a-z_][a-z0-9_]*$")]


class Command(_Frozen):
    """A program, unchanged, run for each product; a list of arguments, never a shell's line."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]


class Whole(_Frozen):
    """A function of ours: `module:function`, called once with the whole order; it gives the values of outputs, or writes their files."""

    whole: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.]*:[a-z_][a-z0-9_]*$")]


class Merged(_Frozen):
    """A function of ours: `module:function`, called once with all products; it writes the bands of the one product that is made of them."""

    merged: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.]*:[a-z_][a-z0-9_]*$")]


class Pygeoapi(_Frozen):
    """A processor class of pygeoapi, unchanged: `module:Class`."""

    pygeoapi: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]


class Output(_Frozen):
    """What a process gives besides products: a value, or a file."""

    title: Bilingual
    schema_: Annotated[dict[str, Any], Field(alias="schema")] = {}
    media_type: str = "application/json"
    file: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,80})?$")] = ""
    """The file that the run writes; without one the output is a value of JSON."""


class Stretch(_Frozen):
    """Two inputs that are days, and how far apart they may be."""

    start: str
    end: str
    least_days: Annotated[int, Field(ge=0)] = 0
    most_days: Annotated[int, Field(ge=1)] = 100_000
    not_before: date = date(1970, 1, 1)


class Process(_Frozen):
    """A process as it is offered."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    version: str
    title: Bilingual
    abstract: Bilingual
    keywords: tuple[Bilingual, ...] = ()
    selection: Selection | None = None
    """The input `products`."""
    inputs: dict[str, Value] = {}
    periods: tuple[Stretch, ...] = ()
    """What is checked of inputs that belong together, before an order is queued."""
    result: Publishes | None = None
    """The output `products`."""
    outputs: dict[str, Output] = {}
    """What it gives instead of products."""
    run: Python | Command | Merged | Whole | Pygeoapi
    needs: tuple[Literal["relief", "tracks", "networks", "maja"], ...] = ()
    """What the operator must have named in `processes`: the heights of the ground, a folder of altimetry, the networks of BV-NET, a MAJA of the site."""
    resources: Resources = Resources()
    cacheable: bool = False
    """Whether an order that is equal to an earlier one, of the same products, has the same results: then it does not run again."""
    keep_days: Annotated[int, Field(ge=1)] | None = None
    """How long outputs that are no products are kept; `processes.keep_days` without one."""
    modes: tuple[Literal["async-execute", "sync-execute"], ...] = ("async-execute", "sync-execute")
    software: str
    """What runs, for provenance."""

    @model_validator(mode="after")
    def _apart(self) -> Process:
        if set(self.needs) & self.inputs.keys():
            raise ValueError("what a process needs of the site is no input of it")
        for one in self.periods:
            days = [self.inputs[name] for name in (one.start, one.end) if name in self.inputs]
            if len(days) != 2 or any(day.schema_.get("format") != "date" for day in days):
                raise ValueError("a period is of two inputs that are dates")
        return self

    @model_validator(mode="after")
    def _fits(self) -> Process:
        if "products" in self.inputs or "products" in self.outputs:
            raise ValueError("products is the selection, and what is published")
        if (self.result is None) == (not self.outputs):
            raise ValueError("a process publishes products (result), or gives outputs")
        if self.result is not None and (
            self.selection is None or not isinstance(self.run, Python | Command | Merged)
        ):
            raise ValueError(
                "a result needs a selection, and runs python or a command for each product, or merges them"
            )
        if isinstance(self.run, Merged) and "date" not in self.inputs:
            raise ValueError("a run that merges products needs the input date: the day of its result")
        if self.outputs and not isinstance(self.run, Whole | Pygeoapi):
            raise ValueError("outputs come from a run that is whole or pygeoapi")
        if isinstance(self.run, Pygeoapi) and self.selection is not None:
            raise ValueError("a processor of pygeoapi knows no selection")
        if isinstance(self.run, Command):
            for argument in self.run.command:
                for kind, name in PLACEHOLDER.findall(argument):
                    self._check(kind, name)
        return self

    def _check(self, kind: str, name: str) -> None:
        """A text of a user that reaches a command is one that the file itself spells out."""
        if kind == "band" and (self.selection is None or name not in self.selection.bands):
            raise ValueError(f"the command uses the band {name}, which the selection does not require")
        if kind == "input":
            value = self.inputs.get(name)
            if value is None:
                raise ValueError(f"the command uses the input {name}, which there is not")
            if "default" not in value.schema_ and not value.required:
                raise ValueError(f"the input {name} of the command needs a default, or is required")
            if (
                value.schema_.get("type") not in ("number", "integer", "boolean")
                and "enum" not in value.schema_
            ):
                raise ValueError(f"the input {name} of the command must be a number, a boolean or an enum")
