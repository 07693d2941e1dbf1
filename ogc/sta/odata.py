# SPDX-License-Identifier: Apache-2.0
"""`$filter` (18-088, 9.3.3.5) to our tree: comparisons, logic, text and geometry functions. `odata-query` parses; only its tree is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import shapely

from catalog.model.faults import Fault, Kind
from catalog.query import And, Filter, Like, Missing, Not, Or, Relation
from ogc.filter import queryables
from ogc.filter.queryables import Queryable, Type
from ogc.filter.terms import escaped
from ogc.filter.values import intersects, read_geometry, read_wkt
from ogc.http.fields import shown

Name = Queryable | Callable[[str], Filter]
"""What a path asks: a property, or an identifier that is made of several."""
_LONGEST = 8_192
_DEEPEST = 30
_ID = re.compile(r"@iot\.id\b")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_RELATIONS = {
    "Eq": Relation.EQUAL, "NotEq": Relation.NOT_EQUAL, "Lt": Relation.LESS, "LtE": Relation.AT_MOST, "Gt": Relation.MORE, "GtE": Relation.AT_LEAST,
}  # fmt: skip
_FLIPPED = {
    Relation.LESS: Relation.MORE, Relation.MORE: Relation.LESS, Relation.AT_MOST: Relation.AT_LEAST, Relation.AT_LEAST: Relation.AT_MOST,
}  # fmt: skip
_MEETS = frozenset({"geo.intersects", "st_intersects", "st_within"})
_MORE_FUNCTIONS = {"substringof": 2, "st_intersects": 2, "st_within": 2, "st_disjoint": 2, "st_distance": 2}
"""SensorThings has functions that OData 4 has not."""
_EVERY = 400.0
"""Degrees: no two places are further apart."""


def read_filter(text: str, names: Mapping[str, Name], places: frozenset[str]) -> Filter:
    """A filter over an entity set: `names` are the paths that may be asked, `places` those of geometries. Raises Fault INVALID."""
    bare = _QUOTED.sub("''", text)
    if (
        len(text) > _LONGEST
        or bare.count("(") > _DEEPEST
        or len(re.findall(r"\bnot\b|-", bare)) > _DEEPEST * 4
    ):
        raise _fault("is too long or too deeply nested")
    from odata_query import exceptions, grammar

    grammar.ODATA_FUNCTIONS.update(_MORE_FUNCTIONS)
    try:
        tree = grammar.ODataParser().parse(grammar.ODataLexer().tokenize(_ID.sub("id", text.strip())))
    except (exceptions.ODataException, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise _fault("cannot be read") from error
    return _Reader(names, places).node(tree, 0)


class _Reader:
    def __init__(self, names: Mapping[str, Name], places: frozenset[str]) -> None:
        self._names, self._places = names, places

    def node(self, tree: Any, depth: int) -> Filter:
        """A predicate."""
        from odata_query import ast

        if depth > 200:
            raise _fault("is too deeply nested")
        if isinstance(tree, ast.BoolOp):
            parts = (self.node(tree.left, depth + 1), self.node(tree.right, depth + 1))
            return And(parts) if isinstance(tree.op, ast.And) else Or(parts)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return Not(self.node(tree.operand, depth + 1))
        if isinstance(tree, ast.Compare):
            return self._compare(tree)
        if isinstance(tree, ast.Call):
            return self._function(tree)
        if isinstance(tree, ast.Boolean):
            return And(()) if tree.val == "true" else Or(())
        raise _fault(f"{type(tree).__name__} is no predicate")

    def _compare(self, tree: Any) -> Filter:
        from odata_query import ast

        operator = type(tree.comparator).__name__
        left, right = tree.left, tree.right
        if operator == "In":
            if not isinstance(right, ast.List):
                raise _fault("in needs a list")
            return Or(tuple(self._one(Relation.EQUAL, left, value) for value in right.val))
        relation = _RELATIONS.get(operator)
        if relation is None:
            raise _fault(f"{operator} is not an operator of this server")
        if not self._is_asked(left) and self._is_asked(right):
            left, right, relation = right, left, _FLIPPED.get(relation, relation)
        return self._one(relation, left, right)

    @staticmethod
    def _is_asked(tree: Any) -> bool:
        from odata_query import ast

        return isinstance(tree, ast.Identifier | ast.Attribute | ast.Call)

    def _one(self, relation: Relation, left: Any, right: Any) -> Filter:
        """A property, or a function of one, in a relation to a literal."""
        from odata_query import ast

        if isinstance(left, ast.Call):
            return self._called(relation, left, right)
        name = self._name(left)
        if isinstance(right, ast.Null):
            return self._missing(name, relation)
        value = _literal(right)
        if isinstance(name, Queryable):
            return queryables.compare(name, relation, value, "$filter")
        if relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
            raise _fault("an id is compared by eq and ne")
        found = name(str(value))
        return found if relation is Relation.EQUAL else Not(found)

    @staticmethod
    def _missing(name: Name, relation: Relation) -> Filter:
        if not isinstance(name, Queryable) or relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
            raise _fault("null is compared by eq and ne")
        found = Missing(name.property)
        return found if relation is Relation.EQUAL else Not(found)

    def _called(self, relation: Relation, call: Any, right: Any) -> Filter:
        """tolower, toupper and trim of a text; year of a time; the distance to a point."""
        function = _function(call)
        if function in ("geo.distance", "st_distance"):
            return self._near(relation, call, right)
        if function in ("tolower", "toupper", "trim"):
            name = self._text(call.args[0])
            if relation not in (Relation.EQUAL, Relation.NOT_EQUAL):
                raise _fault(f"{function} is compared by eq and ne")
            found = Like(name.property, escaped(str(_literal(right))), match_case=function == "trim")
            return found if relation is Relation.EQUAL else Not(found)
        if function == "year":
            asked = self._name(call.args[0])
            year = str(_literal(right))
            if (
                isinstance(asked, Queryable)
                and asked.type is Type.TIME
                and re.fullmatch(r"[0-9]{1,4}(?:\.0)?", year)
            ):
                return queryables.compare(asked, relation, f"{int(float(year)):04d}", "$filter")
        raise _fault(f"{shown(function)} is not a function that this server compares")

    def _function(self, call: Any) -> Filter:
        function = _function(call)
        if function in _MEETS or function == "st_disjoint":
            self._place(call.args[0])
            found = intersects(_shape(call.args[1]))
            return found if function in _MEETS else Not(found)
        if function in ("substringof", "contains", "startswith", "endswith"):
            first, second = call.args if function != "substringof" else reversed(call.args)
            return self._part(function, first, str(_literal(second)))
        raise _fault(f"{shown(function)} is not a function of this server")

    def _part(self, function: str, asked: Any, text: str) -> Filter:
        """A text that begins with, ends with or holds another; within tolower or toupper in any case."""
        from odata_query import ast

        folded = isinstance(asked, ast.Call) and _function(asked) in ("tolower", "toupper")
        name = self._text(asked.args[0] if folded else asked)
        before = "" if function == "startswith" else "%"
        after = "" if function == "endswith" else "%"
        return Like(name.property, f"{before}{escaped(name.stored(text))}{after}", match_case=not folded)

    def _near(self, relation: Relation, call: Any, right: Any) -> Filter:
        """Nearer to a point than a number of degrees, as the standard measures; or further."""
        self._place(call.args[0])
        try:
            reach = float(str(_literal(right)))
        except ValueError as error:
            raise _fault("a distance is a number") from error
        if not 0 < reach < _EVERY or relation in (Relation.EQUAL, Relation.NOT_EQUAL):
            raise _fault("a distance is compared by lt, le, gt, ge, with degrees")
        around = _shape(call.args[1]).buffer(reach).intersection(shapely.box(-180, -90, 180, 90))
        return (
            intersects(around) if relation in (Relation.LESS, Relation.AT_MOST) else Not(intersects(around))
        )

    def _name(self, tree: Any) -> Name:
        path = _path(tree)
        found = self._names.get(path)
        if found is None:
            raise _fault(f"{shown(path)} cannot be asked; there are {', '.join(sorted(self._names))}")
        return found

    def _text(self, tree: Any) -> Queryable:
        found = self._name(tree)
        if not isinstance(found, Queryable) or found.type is not Type.TEXT:
            raise _fault(f"{shown(_path(tree))} is no text")
        return found

    def _place(self, tree: Any) -> None:
        if _path(tree) not in self._places:
            raise _fault(f"{shown(_path(tree))} is no geometry; there are {', '.join(sorted(self._places))}")


def _function(call: Any) -> str:
    """The name of a function with its namespace."""
    return ".".join((*call.func.namespace, call.func.name))


def _path(tree: Any) -> str:
    from odata_query import ast

    if isinstance(tree, ast.Identifier):
        return str(tree.name)
    if isinstance(tree, ast.Attribute):
        return f"{_path(tree.owner)}/{tree.attr}"
    raise _fault("a property is named by its path")


def _literal(tree: Any) -> str | float:
    from odata_query import ast

    if isinstance(tree, ast.Integer | ast.Float):
        return float(tree.val)
    if isinstance(tree, ast.String | ast.DateTime | ast.Date | ast.GUID | ast.Duration):
        return str(tree.val)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        value = _literal(tree.operand)
        if isinstance(value, float):
            return -value
    raise _fault("a property is compared with a text, a number or a time")


def _shape(tree: Any) -> Any:
    from odata_query import ast

    if not isinstance(tree, ast.Geography):
        raise _fault("a geometry is written as geography'POINT(lon lat)'")
    try:
        return read_geometry(shapely.geometry.mapping(read_wkt(str(tree.val))), "$filter")
    except Fault as fault:
        raise _fault(fault.text) from fault


def _fault(text: str) -> Fault:
    return Fault(Kind.INVALID, f"$filter: {text}", "$filter")
