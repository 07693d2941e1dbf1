# SPDX-License-Identifier: Apache-2.0
"""Spaces: where what users produce lives until an operator publishes it. `u.<user>.` and `g.<group>.` stand before every id there.

A plain name has no dot, and the form of any other name has one, so two names never share a space; no official id starts with `u.` or `g.`.
"""

from __future__ import annotations

import hashlib
import re

from catalog.model.principal import Principal, Role

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}\Z", re.ASCII)
_SPACE = re.compile(r"[ug]\.[A-Za-z0-9_-]{1,40}(?:\.[0-9a-f]{8})?\Z", re.ASCII)
_PREFIX = re.compile(r"([ug]\.[A-Za-z0-9_-]{1,40}(?:\.[0-9a-f]{8})?)\.(.+)\Z", re.ASCII)
OFFICIAL = ""
"""The audience of what is not in a space: everybody, as far as the collection's own rights go."""


def space_of_user(name: str) -> str:
    """The space of a user."""
    return f"u.{_form(name)}"


def space_of_group(name: str) -> str:
    """The space of a group."""
    return f"g.{_form(name)}"


def is_space(text: str) -> bool:
    """Whether a text names a space."""
    return bool(_SPACE.match(text))


def split(identifier: str) -> tuple[str, str]:
    """The space of an id and the rest of it; an official id has no space."""
    match = _PREFIX.match(identifier)
    return (match[1], match[2]) if match else (OFFICIAL, identifier)


def audiences(who: Principal) -> tuple[str, ...] | None:
    """The audiences that somebody belongs to; None for operators, who see everything."""
    if who.operator:
        return None
    if who.role is Role.PUBLIC:
        return (OFFICIAL,)
    return (OFFICIAL, space_of_user(who.name), *(space_of_group(group) for group in sorted(who.groups)))


def _form(name: str) -> str:
    """The name itself where it is plain; else what is left of it, a dot, and 32 bits of its digest."""
    if _PLAIN.match(name):
        return name
    kept = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40].strip("-") or "x"
    return f"{kept}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"
