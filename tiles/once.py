# SPDX-License-Identifier: Apache-2.0
"""What is made once of objects that never change. They are known again as themselves: to hash a style, which is a tree, takes longer than a tile's colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def once(most: int) -> Callable[[F], F]:
    """Keeps the results of a function of frozen objects, all forgotten when there are so many. Safe to share between threads.

    The objects live as long as their result, so that no other has their identity.
    """

    def keeping(make: F) -> F:
        made: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}

        @wraps(make)
        def found(*of: Any) -> Any:
            key = tuple(map(id, of))
            known = made.get(key)
            if known is None:
                if len(made) >= most:
                    made.clear()
                known = made[key] = (of, make(*of))
            return known[1]

        return cast("F", found)

    return keeping
