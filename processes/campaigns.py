# SPDX-License-Identifier: Apache-2.0
"""Campaigns: one process over many products, a job for each, so many at once; stopped, gone on with and tried again as one thing.

What is ordered is in the database before it is ordered, and each order has a key of its own: whoever is killed, nothing is ordered twice or forgotten.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from catalog.model.faults import Fault, Kind
from catalog.model.principal import Principal, Role
from catalog.model.time import now
from config.chains import Merged
from config.settings import Settings
from processes.campaign_table import Campaign, CampaignTable, Item, ItemState, State
from processes.inputs import PRODUCTS
from processes.model import Terms
from processes.service import Processes

log = logging.getLogger("hysope.campaigns")
_LATER = frozenset({Kind.QUOTA, Kind.BUSY, Kind.UNAVAILABLE})
"""Refusals that say nothing of the order: it is made later."""


class Campaigns:
    """Campaigns for every door: one's own; operators see all."""

    def __init__(self, processes: Processes, settings: Settings) -> None:
        self._processes, self._settings = processes, settings
        self.table = CampaignTable(processes.queue.database)

    def start(
        self, process: str, inputs: Mapping[str, Any], title: str, at_once: int, who: Principal
    ) -> Campaign:
        """A campaign of what a search or a list of ids finds now. Raises as an order of all of it at once, but for the number of products."""
        kind = self._processes.process(process)
        if kind.selection is None or isinstance(kind.run, Merged):
            raise Fault(Kind.INVALID, f"{process} does not work product by product", "process")
        most = self._settings.limits.campaign_products
        products = self._processes.selected(process, inputs, who, most)
        at = now()
        rest = {name: value for name, value in inputs.items() if name != PRODUCTS}
        made = Campaign(
            str(uuid.uuid4()), who.name, tuple(sorted(who.groups)), process, title, rest, min(at_once, self._settings.processes.jobs_of_user),
            State.RUNNING, at, at, {ItemState.WAITING: len(products)},
        )  # fmt: skip
        self.table.add(made, products)
        self._processes.bell.ring()
        return made

    def campaign(self, campaign: str, who: Principal) -> Campaign:
        """One of one's own. Raises Fault UNKNOWN_JOB."""
        found = self.table.one(campaign) if len(campaign) <= 64 and who.role is not Role.PUBLIC else None
        if found is None or not (who.operator or found.owner == who.name):
            raise Fault(Kind.UNKNOWN_JOB, f"there is no campaign {campaign[:64]!r}", "campaignID")
        return found

    def list(self, who: Principal, limit: int, offset: int) -> tuple[Campaign, ...]:
        """One's own, the newest first; an operator's list has everybody's. Raises Fault NOBODY."""
        if who.role is Role.PUBLIC:
            raise Fault(Kind.NOBODY, "to see campaigns, say who you are (an API key or a token)")
        return self.table.of(None if who.operator else who.name, limit, offset)

    def items(
        self, campaign: str, who: Principal, state: ItemState | None, limit: int, offset: int
    ) -> tuple[Item, ...]:
        """The products of a campaign of one's own. Raises Fault UNKNOWN_JOB."""
        return self.table.items(self.campaign(campaign, who).id, state, limit, offset)

    def pause(self, campaign: str, who: Principal) -> Campaign:
        """Nothing more is ordered until it is resumed. Raises Fault UNKNOWN_JOB."""
        self.table.move(self.campaign(campaign, who).id, State.PAUSED, (State.RUNNING,))
        return self.campaign(campaign, who)

    def resume(self, campaign: str, who: Principal) -> Campaign:
        """It goes on. Raises Fault UNKNOWN_JOB."""
        self.table.move(self.campaign(campaign, who).id, State.RUNNING, (State.PAUSED, State.STOPPED))
        self._processes.bell.ring()
        return self.campaign(campaign, who)

    def retry(self, campaign: str, who: Principal) -> Campaign:
        """What failed is ordered once more. Raises Fault UNKNOWN_JOB."""
        found = self.campaign(campaign, who)
        if self.table.again(found.id):
            self.table.move(found.id, State.RUNNING, (State.DONE, State.PAUSED, State.STOPPED))
            self._processes.bell.ring()
        return self.campaign(campaign, who)

    def stop(self, campaign: str, who: Principal) -> Campaign:
        """Ends it and its jobs; one that has ended is forgotten. Raises Fault UNKNOWN_JOB."""
        found = self.campaign(campaign, who)
        if not self.table.move(found.id, State.STOPPED, (State.RUNNING, State.PAUSED)):
            self.table.remove(found.id)
            return found
        for item in self.table.items(found.id, ItemState.ORDERED, self._settings.limits.campaign_products):
            self._processes.dismiss(item.job, who)
        self.table.settle(found.id)
        return self.campaign(campaign, who)

    def feed(self) -> None:
        """The supervisor's part: looks at what ended, and orders what there is room for."""
        for campaign in self.table.running():
            self.table.settle(campaign.id)
            found = self.table.one(campaign.id)
            if found is not None and found.state is State.RUNNING:
                self._order(found)

    def _order(self, campaign: Campaign) -> None:
        ordered = campaign.counts.get(ItemState.ORDERED, 0)
        waiting = self.table.items(campaign.id, ItemState.WAITING, max(0, campaign.at_once - ordered))
        if not waiting and not ordered:
            self.table.move(campaign.id, State.DONE, (State.RUNNING,))
        for item in waiting:
            key = f"{campaign.id}/{item.number}/{item.attempt}"
            inputs = {**campaign.inputs, PRODUCTS: [item.product]}
            try:
                job = self._processes.execute(
                    campaign.process, inputs, campaign.principal, Terms(key, campaign=campaign.id)
                )
            except Fault as fault:
                if fault.kind in _LATER:
                    log.info("%s waits: %s", campaign.id, fault.text)
                    return
                self.table.mark(campaign.id, item.number, ItemState.FAILED, "", fault.text)
            else:
                self.table.mark(campaign.id, item.number, ItemState.ORDERED, job.id, "")
