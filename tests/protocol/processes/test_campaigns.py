# SPDX-License-Identifier: Apache-2.0
"""Campaigns: a job for each product of a selection, so many at once; paused, gone on with, tried again, ended. And the board of operators."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from test_processes import API, Office, office

from catalog.model.faults import Fault
from catalog.model.principal import OPERATOR, Deadline, Principal, Role
from catalog.query import Order, Property, equal
from config.settings import Database, Settings
from hysope.wiring import wire_catalog, wire_ingest
from processes.campaign_table import ItemState, State
from processes.campaigns import Campaigns
from processes.model import Job, JobFilter, Phase
from processes.service import Processes

__all__ = ["office"]
BOB = Principal("bob", Role.USER)


def begin(
    office: Office, process: str = "ndvi", who: str = "bob", at_once: int = 1, **inputs: Any
) -> dict[str, Any]:
    chosen = inputs or {"products": {"collection": "sentinel2-l2a"}}
    body = {"inputs": chosen, "title": "All of it", "atOnce": at_once}
    answer = office.client.post(
        f"/ogcapi/processes/{process}/campaign", json=body, headers=office.headers(who)
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/campaigns/{answer.json()['id']}"
    return answer.json()


def act(office: Office, campaign: str, what: str, who: str = "bob") -> dict[str, Any]:
    answer = office.client.post(f"/ogcapi/campaigns/{campaign}/{what}", headers=office.headers(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


def until(office: Office, campaign: str, status: str) -> dict[str, Any]:
    for _ in range(400):
        found = office.get(f"/campaigns/{campaign}").json()
        if found["status"] == status:
            return found
        time.sleep(0.1)
    pytest.fail(str(found))


def test_each_product_has_its_job_and_all_are_one_thing(office: Office) -> None:
    begun = begin(office)
    assert (begun["products"], begun["counts"]["waiting"], begun["atOnce"]) == (2, 2, 1)
    done = until(office, begun["id"], "done")
    assert done["counts"] == {"waiting": 0, "ordered": 0, "successful": 2, "failed": 0, "dismissed": 0}
    items = office.get(f"/campaigns/{begun['id']}/items").json()["items"]
    assert [one["product"] for one in items] == office.sources
    for one in items:
        job = office.get(f"/jobs/{one['jobID']}").json()
        assert job["status"] == "successful"
        assert f"{API}/campaigns/{begun['id']}" in [link["href"] for link in job["links"]]
    listed = office.get("/campaigns").json()["campaigns"]
    assert begun["id"] in [one["id"] for one in listed]
    page = office.get(f"/campaigns/{begun['id']}/items", limit="1").json()
    assert len(page["items"]) == 1
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    rest = office.client.get(
        following.removeprefix("http://maps.example"), headers=office.headers("bob")
    ).json()
    assert [one["product"] for one in rest["items"]] == office.sources[1:]
    again = until(office, begin(office)["id"], "done")
    assert again["counts"]["successful"] == 2, "made before: at once"


def test_a_campaign_is_its_owners(office: Office) -> None:
    begun = begin(office)
    for path in ("", "/items"):
        assert office.get(f"/campaigns/{begun['id']}{path}", "eve").status_code == 404
        assert office.get(f"/campaigns/{begun['id']}{path}", "ada").status_code == 200, "operators see all"
    assert (
        office.client.post(
            f"/ogcapi/campaigns/{begun['id']}/pause", headers=office.headers("eve")
        ).status_code
        == 404
    )
    assert office.get("/campaigns", who="").status_code == 401
    assert office.get("/campaigns", "eve").json()["campaigns"] == []
    until(office, begun["id"], "done")
    answer = office.client.delete(f"/ogcapi/campaigns/{begun['id']}", headers=office.headers("bob"))
    assert answer.status_code == 200
    assert office.get(f"/campaigns/{begun['id']}").status_code == 404, "one that is over is forgotten"
    assert act(office, begin(office)["id"], "resume")["status"] in ("running", "done")


@dataclass
class Quiet:
    """A centre whose supervisor takes its steps here, one at a time."""

    processes: Processes
    campaigns: Campaigns
    sources: list[str]

    def counts(self, campaign: str) -> dict[str, int]:
        return {state.value: count for state, count in self.campaigns.campaign(campaign, BOB).counts.items()}

    def jobs(self, campaign: str) -> list[Job]:
        return [one for one in self.processes.jobs(BOB, JobFilter(), 100, 0) if one.campaign == campaign]


@pytest.fixture
def quiet(database_url: str, products: Path, tmp_path: Path) -> Iterator[Quiet]:
    settings = Settings(data=tmp_path, database=Database(url=SecretStr(database_url)))
    catalog = wire_catalog(settings)
    worker = wire_ingest(settings, catalog)
    worker.run(worker.find([path for path in sorted(products.iterdir()) if "_L2A_T31TCJ" in path.name][:2]))
    processes = Processes(catalog, settings)
    found = catalog.search(
        equal(Property.COLLECTION, "sentinel2-l2a"), OPERATOR, Deadline.after(10), Order.OLDEST
    )
    yield Quiet(processes, Campaigns(processes, settings), [one.id for one in found])
    catalog.close()


def test_so_many_are_ordered_at_once_and_none_while_it_is_paused(quiet: Quiet) -> None:
    made = quiet.campaigns.start("ndvi", {"products": quiet.sources}, "", 1, BOB)
    quiet.campaigns.pause(made.id, BOB)
    quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"waiting": 2}
    quiet.campaigns.resume(made.id, BOB)
    for _ in range(3):
        quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"waiting": 1, "ordered": 1}
    quiet.campaigns.stop(made.id, BOB)
    assert quiet.counts(made.id) == {"waiting": 1, "dismissed": 1}
    quiet.campaigns.feed()
    assert quiet.campaigns.campaign(made.id, BOB).state is State.STOPPED
    (job,) = quiet.jobs(made.id)
    assert job.phase is Phase.DISMISSED
    quiet.campaigns.stop(made.id, BOB)
    with pytest.raises(Fault, match="there is no campaign"):
        quiet.campaigns.campaign(made.id, BOB)


def test_a_supervisor_that_dies_between_order_and_note_orders_nothing_twice(quiet: Quiet) -> None:
    made = quiet.campaigns.start("ndvi", {"products": quiet.sources}, "", 2, BOB)
    with pytest.MonkeyPatch.context() as patch:
        # of this table alone: the supervisor of the office works beside it
        patch.setattr(quiet.campaigns.table, "mark", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"waiting": 2}
    (first,) = quiet.jobs(made.id)
    quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"ordered": 2}
    assert first.id in [one.id for one in quiet.jobs(made.id)]
    assert len(quiet.jobs(made.id)) == 2


def test_what_failed_is_tried_again(quiet: Quiet) -> None:
    made = quiet.campaigns.start("ndvi", {"products": quiet.sources}, "", 2, BOB)
    quiet.campaigns.feed()
    lost, kept = quiet.jobs(made.id)
    quiet.processes.queue.move(lost.id, Phase.FAILED, "it broke")
    quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"failed": 1, "ordered": 1}
    (item,) = quiet.campaigns.items(made.id, BOB, ItemState.FAILED, 10, 0)
    assert (item.message, item.job) == ("it broke", lost.id)
    quiet.campaigns.retry(made.id, BOB)
    quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"ordered": 2}
    second = [one for one in quiet.jobs(made.id) if one.id not in (lost.id, kept.id)]
    assert len(second) == 1
    for job in (*second, kept):
        quiet.processes.queue.move(job.id, Phase.DISMISSED, "ended")
    quiet.campaigns.feed()
    assert quiet.campaigns.campaign(made.id, BOB).state is State.DONE
    assert quiet.counts(made.id) == {"dismissed": 2}


def test_a_full_quota_is_waited_for_and_a_lost_product_is_not(quiet: Quiet) -> None:
    made = quiet.campaigns.start("ndvi", {"products": quiet.sources}, "", 2, BOB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quiet.processes.queue, "add", lambda *_: None)
        quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"waiting": 2}
    quiet.processes._catalog.withdraw(quiet.sources[0], OPERATOR, "test")
    quiet.campaigns.feed()
    assert quiet.counts(made.id) == {"failed": 1, "ordered": 1}
    (item,) = quiet.campaigns.items(made.id, BOB, ItemState.FAILED, 10, 0)
    assert "there is no product" in item.message


@pytest.mark.parametrize(
    ("process", "body", "words"),
    [
        (
            "ndvi",
            {"inputs": {"products": {"collection": "sentinel2-l2a", "bbox": [100, 0, 101, 1]}}},
            "nothing matches",
        ),
        ("ndvi", {"inputs": {"products": {"collection": "sentinel2-l2a"}, "colour": 1}}, "colour"),
        ("ndvi", {"inputs": {}, "atOnce": 0}, "atOnce"),
        ("ndvi", {"inputs": [], "atOnce": 1}, "inputs"),
        ("ndvi", {"title": 5}, "title"),
        ("ndvi", {"inputs": {}, "more": 1}, "inputs, title and atOnce"),
        ("synthesis", {"inputs": {}}, "product by product"),
        ("echo", {"inputs": {}}, "product by product"),
    ],
)
def test_a_wrong_campaign_is_refused(office: Office, process: str, body: dict[str, Any], words: str) -> None:
    answer = office.client.post(
        f"/ogcapi/processes/{process}/campaign", json=body, headers=office.headers("bob")
    )
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["detail"]


def test_operators_see_the_board_and_nobody_else(office: Office) -> None:
    until(office, begin(office)["id"], "done")
    board = office.get("/board", "ada").json()
    assert board["supervised"] is True
    assert board["endedLastDay"]["successful"] >= 2
    assert len(board["endedByHour"]) == 24
    assert sum(board["endedByHour"]) == sum(board["endedLastDay"].values())
    assert [one for one in board["alerts"] if "supervisor" in one] == []
    assert office.get("/board", "bob").status_code == 403
    assert office.get("/board", who="").status_code in (401, 403)
