# SPDX-License-Identifier: Apache-2.0
"""Campaigns in the database: what they are of, and what became of each product. Every change is one statement that names what it may follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update

from catalog.model.principal import Principal, Role
from catalog.model.time import Micros, now
from catalog.store import tables
from catalog.store.database import Database
from processes.model import Phase

_C, _I, _J = tables.campaign.c, tables.campaign_item.c, tables.job.c


class State(Enum):
    """How a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    """What was ordered goes on; nothing more is ordered."""
    STOPPED = "stopped"
    DONE = "done"


class ItemState(Enum):
    """How a product of a campaign stands."""

    WAITING = "waiting"
    ORDERED = "ordered"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Campaign:
    """A campaign with what became of its products."""

    id: str
    owner: str
    groups: tuple[str, ...]
    process: str
    title: str
    inputs: Mapping[str, Any]
    """The inputs of every job but the products."""
    at_once: int
    state: State
    created: Micros
    updated: Micros
    counts: Mapping[ItemState, int]

    @property
    def principal(self) -> Principal:
        """In whose name its jobs are."""
        return Principal(self.owner, Role.USER, frozenset(self.groups))


@dataclass(frozen=True)
class Item:
    """A product of a campaign, and its last job."""

    number: int
    product: str
    state: ItemState
    attempt: int
    job: str
    message: str


class CampaignTable:
    """Reading and writing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, campaign: Campaign, products: Sequence[str]) -> None:
        """Stores a campaign with its products."""
        values = {
            "id": campaign.id, "owner": campaign.owner, "member_of": " ".join(sorted(campaign.groups)), "process": campaign.process, "title": campaign.title,
            "inputs": json.dumps(campaign.inputs, ensure_ascii=False), "at_once": campaign.at_once, "state": campaign.state.value,
            "created_us": campaign.created, "updated_us": campaign.updated,
        }  # fmt: skip
        items = [
            {"campaign": campaign.id, "number": number, "product": product, "state": "waiting", "attempt": 1, "job": "", "message": ""}
            for number, product in enumerate(products)
        ]  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(insert(tables.campaign).values(values))
            connection.execute(insert(tables.campaign_item), items)

    def find(self, which: ColumnElement[bool], limit: int, offset: int = 0) -> tuple[Campaign, ...]:
        """Campaigns, the newest first."""
        query = select(tables.campaign).where(which).order_by(_C.created_us.desc(), _C.id)
        count = select(_I.campaign, _I.state, func.count()).group_by(_I.campaign, _I.state)
        with self._database.answering() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            counts: dict[str, dict[ItemState, int]] = {}
            for campaign, state, number in connection.execute(
                count.where(_I.campaign.in_([row.id for row in rows]))
            ):
                counts.setdefault(campaign, {})[ItemState(state)] = number
        return tuple(_campaign(row, counts.get(row.id, {})) for row in rows)

    def one(self, campaign: str) -> Campaign | None:
        """A campaign."""
        found = self.find(_C.id == campaign, 1)
        return found[0] if found else None

    def of(self, owner: str | None, limit: int, offset: int) -> tuple[Campaign, ...]:
        """Somebody's campaigns, or everybody's."""
        return self.find(_C.owner == owner if owner is not None else _C.id != "", limit, offset)

    def running(self) -> tuple[Campaign, ...]:
        """Those that the supervisor works on."""
        return self.find(_C.state == State.RUNNING.value, 1_000)

    def items(self, campaign: str, state: ItemState | None, limit: int, offset: int = 0) -> tuple[Item, ...]:
        """Products of a campaign, in their order."""
        query = select(tables.campaign_item).where(_I.campaign == campaign)
        if state is not None:
            query = query.where(_I.state == state.value)
        with self._database.answering() as connection:
            rows = connection.execute(query.order_by(_I.number).limit(limit).offset(offset))
            return tuple(
                Item(row.number, row.product, ItemState(row.state), row.attempt, row.job, row.message)
                for row in rows
            )

    def settle(self, campaign: str) -> None:
        """Products whose jobs have ended are no longer ordered."""
        query = (
            select(_I.number, _I.job, _J.phase, _J.message)
            .select_from(tables.campaign_item.outerjoin(tables.job, _J.id == _I.job))
            .where(_I.campaign == campaign, _I.state == ItemState.ORDERED.value)
        )
        with self._database.writing() as connection:
            for number, job, phase, message in connection.execute(query).all():
                if phase is not None and not Phase(phase).final:
                    continue
                same = and_(_I.campaign == campaign, _I.number == number, _I.job == job)
                state = phase or ItemState.DISMISSED.value
                connection.execute(
                    update(tables.campaign_item)
                    .where(same)
                    .values(state=state, message=message or "the job was removed")
                )

    def mark(self, campaign: str, number: int, state: ItemState, job: str, message: str) -> None:
        """What became of one product that was waiting."""
        same = and_(_I.campaign == campaign, _I.number == number, _I.state == ItemState.WAITING.value)
        with self._database.writing() as connection:
            connection.execute(
                update(tables.campaign_item)
                .where(same)
                .values(state=state.value, job=job, message=message[:500])
            )

    def again(self, campaign: str) -> int:
        """What failed waits again; how many."""
        lost = (ItemState.FAILED.value, ItemState.DISMISSED.value)
        same = and_(_I.campaign == campaign, _I.state.in_(lost))
        values = {"state": ItemState.WAITING.value, "attempt": _I.attempt + 1, "job": "", "message": ""}
        with self._database.writing() as connection:
            return connection.execute(update(tables.campaign_item).where(same).values(values)).rowcount

    def move(self, campaign: str, to: State, may: Sequence[State]) -> bool:
        """Moves a campaign, if it is in a state that may come before."""
        same = and_(_C.id == campaign, _C.state.in_([state.value for state in may]))
        with self._database.writing() as connection:
            values = {"state": to.value, "updated_us": now()}
            return bool(connection.execute(update(tables.campaign).where(same).values(values)).rowcount)

    def remove(self, campaign: str) -> None:
        """Forgets a campaign; its jobs stay."""
        with self._database.writing() as connection:
            connection.execute(tables.campaign.delete().where(_C.id == campaign))


def _campaign(row: Row[Any], counts: Mapping[ItemState, int]) -> Campaign:
    return Campaign(
        row.id, row.owner, tuple(row.member_of.split()), row.process, row.title, json.loads(row.inputs), row.at_once, State(row.state),
        Micros(row.created_us), Micros(row.updated_us), counts,
    )  # fmt: skip
