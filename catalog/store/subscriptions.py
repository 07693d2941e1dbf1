# SPDX-License-Identifier: Apache-2.0
"""The table of subscriptions: what was asked, what is confirmed, and what is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, update

from catalog.model.subscription import Subscription, Wanted, Wish
from catalog.model.time import Micros, now
from catalog.store import tables
from catalog.store.database import Database

_T, _C = tables.subscription, tables.subscription.c
_TAKEN_MICROS = 120 * 1_000_000
"""Who takes one and dies has it taken again after this."""


class SubscriptionTable:
    """Each change is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wish(self, wanted: Wanted, most: int, most_of_host: int) -> bool:
        """Notes a wish, to be confirmed at once; false where there are too many already. Nothing is to be left that is not there."""
        values = {
            "wish": wanted.wish.value, "wished_secret": wanted.secret, "wished_seconds": wanted.seconds, "due_us": now(),
        }  # fmt: skip
        with self._database.writing() as connection:
            same = and_(_C.topic == wanted.topic, _C.callback == wanted.callback)
            if connection.execute(update(_T).where(same).values(values)).rowcount:
                return True
            if wanted.wish is Wish.UNSUBSCRIBE:
                return True
            count = select(func.count()).select_from(_T)
            if connection.execute(count).scalar_one() >= most:
                return False
            if connection.execute(count.where(_C.host == wanted.host)).scalar_one() >= most_of_host:
                return False
            fresh = {
                "topic": wanted.topic, "callback": wanted.callback, "host": wanted.host, "secret": "", "seen_us": now(), "attempts": 0,
            }  # fmt: skip
            connection.execute(insert(_T).values({**fresh, **values}))
        return True

    def due(self, most: int) -> Sequence[Subscription]:
        """Takes those that are due; each comes again after a while, unless one of the methods below says otherwise."""
        at = now()
        with self._database.writing() as connection:
            rows = connection.execute(
                select(_T).where(_C.due_us <= at).order_by(_C.due_us, _C.key).limit(most)
            ).all()
            taken = []
            for row in rows:
                same = and_(_C.key == row.key, _C.due_us == row.due_us)
                values = {"due_us": at + _TAKEN_MICROS}
                if connection.execute(update(_T).where(same).values(values)).rowcount:
                    taken.append(row)
        return tuple(_subscription(row) for row in taken)

    def confirmed(self, one: Subscription, due: Micros) -> None:
        """The subscriber said yes: the wish holds; a subscription that was not alive hears of changes from now on."""
        if one.wish is Wish.UNSUBSCRIBE:
            self.end(one)
            return
        at = now()
        values: dict[str, Any] = {
            "wish": "", "wished_secret": "", "secret": one.wished_secret, "until_us": at + one.wished_seconds * 1_000_000, "attempts": 0, "due_us": due,
        }  # fmt: skip
        if one.until is None:
            values["seen_us"] = at
        self._set(one, values)

    def refused(self, one: Subscription, due: Micros) -> None:
        """The subscriber did not say yes: the wish is forgotten, and with it one that was never alive."""
        if one.until is None:
            self.end(one)
        else:
            self._set(one, {"wish": "", "wished_secret": "", "due_us": due})

    def told(self, one: Subscription, seen: Micros, due: Micros, attempts: int = 0) -> None:
        """How far it has been told, and when it is looked at again."""
        self._set(one, {"seen_us": seen, "due_us": due, "attempts": attempts})

    def end(self, one: Subscription) -> None:
        """Forgets it."""
        with self._database.writing() as connection:
            connection.execute(delete(_T).where(_C.key == one.key))

    def _set(self, one: Subscription, values: dict[str, Any]) -> None:
        """A wish that came meanwhile stays, and is due at once."""
        with self._database.writing() as connection:
            same = and_(_C.key == one.key, _C.wish == one.wish.value, _C.wished_secret == one.wished_secret)
            if not connection.execute(update(_T).where(same).values(values)).rowcount:
                kept = {name: value for name, value in values.items() if name in ("seen_us", "attempts")}
                if kept:
                    connection.execute(update(_T).where(_C.key == one.key).values(kept))


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        row.key, row.topic, row.callback, row.secret, row.until_us, row.seen_us, Wish(row.wish), row.wished_secret, row.wished_seconds, row.attempts,
    )  # fmt: skip
