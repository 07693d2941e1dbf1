# SPDX-License-Identifier: Apache-2.0
"""CQL text (the catalogue's Common Query Language) to our tree. pygeofilter parses; only its tree is read, never its SQL."""

from __future__ import annotations

import re

from catalog.model.area import Box
from catalog.model.faults import invalid
from catalog.query import And, Filter, Meets, Not, Or, Relation
from ogc.filter import terms
from ogc.filter.terms import Term

_LONGEST = 8_192
_DEEPEST = 30
_PREFIXED = re.compile(r"(?<![\"'\w])([A-Za-z]{1,8}):([A-Za-z_]\w*)(?=(?:[^']*'[^']*')*[^']*\Z)")


def parse_cql(text: str) -> Filter:
    """A CQL text as our tree. Raises Fault INVALID; its length and nesting are bounded before it is parsed."""
    if len(text) > _LONGEST or text.count("(") > _DEEPEST:
        raise invalid("the CQL text is too long or too deeply nested", "constraint")
    from lark.exceptions import LarkError
    from pygeofilter.parsers.cql2_text import parse

    try:
        tree = parse(_PREFIXED.sub(r'"\1:\2"', text))
    except (LarkError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise invalid("the CQL text cannot be read", "constraint") from error
    return _node(tree, 0)


def _node(node: object, depth: int) -> Filter:
    from pygeofilter import ast

    if depth > _DEEPEST * 2:
        raise invalid("the CQL text is too deeply nested", "constraint")
    match node:
        case ast.And():
            return And((_node(node.lhs, depth + 1), _node(node.rhs, depth + 1)))
        case ast.Or():
            return Or((_node(node.lhs, depth + 1), _node(node.rhs, depth + 1)))
        case ast.Not():
            return Not(_node(node.sub_node, depth + 1))
        case ast.Like():
            found = terms.like(_property(node.lhs), _pattern(str(node.pattern)), match_case=not node.nocase)
            return Not(found) if node.not_ else found
        case ast.Between():
            found = terms.between(_property(node.lhs), _text(node.low), _text(node.high))
            return Not(found) if node.not_ else found
        case ast.BBox():
            if _property(node.lhs) is not Term.BOX:
                raise invalid("BBOX asks ows:BoundingBox", "constraint")
            return Meets(
                Box(
                    west=float(node.minx),
                    south=float(node.miny),
                    east=float(node.maxx),
                    north=float(node.maxy),
                )
            )
        case (
            ast.Equal()
            | ast.NotEqual()
            | ast.LessThan()
            | ast.LessEqual()
            | ast.GreaterThan()
            | ast.GreaterEqual()
        ):
            return terms.compare(_property(node.lhs), Relation(str(node.op.value)), _text(node.rhs))
        case _:
            raise invalid(f"{type(node).__name__} is not an operator of this catalogue", "constraint")


def _property(node: object) -> Term:
    from pygeofilter import ast

    if not isinstance(node, ast.Attribute):
        raise invalid("an operator asks a property", "constraint")
    return terms.term(node.name)


def _text(node: object) -> str:
    """A literal as text; dates are as they were written or as ISO 8601."""
    if isinstance(node, str | int | float):
        return str(node)
    written = getattr(node, "isoformat", None)
    if written is None:
        raise invalid("a value is a text, a number or a date", "constraint")
    return str(written()).replace("+00:00", "Z")


def _pattern(text: str) -> str:
    """CQL's `%` stays; `_` and backslash are themselves."""
    return text.replace("\\", "\\\\").replace("_", "\\_")
