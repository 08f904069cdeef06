"""A ticket's history is a hash chain that anyone can verify, and that two acts at once never break."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from hotline_chassis.testing.postgres import DatabaseFactory

from .routing_desk import MORNING, Desk, done, open_desk, with_units


@pytest.fixture
async def desk(database_factory_of_each_version: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await database_factory_of_each_version("routing_svc"), tmp_path) as opened:
        await with_units(opened)
        yield opened


def first_broken(items: list[dict[str, Any]]) -> int | None:
    """The first ``seq`` that does not follow from what stands before it; by another RFC 8785 than ours."""
    previous = "0" * 64
    for place, item in enumerate(items, start=1):
        bare = {name: value for name, value in item.items() if name not in {"previous_hash", "hash"}}
        digest = hashlib.sha256(previous.encode() + rfc8785.dumps(bare)).hexdigest()
        if (item["seq"], item["previous_hash"], item["hash"]) != (place, previous, digest):
            return place
        previous = digest
    return None


@pytest.mark.rule("N4")
async def test_the_chain_verifies_from_the_answer_alone(desk: Desk) -> None:
    ticket_id = await desk.replied("520402", "520400-D01", category="城乡建设/供电", emergent="area_outage")
    items = await desk.history(ticket_id)
    assert [item["seq"] for item in items] == [1, 2, 3, 4]
    assert first_broken(items) is None
    assert items[0]["actor"] == {"sub": "system", "roles": [], "unit": None}
    assert items[3]["actor"] == {"sub": "handler", "roles": ["unit_handler"], "unit": "520402"}
    assert items[3]["data"]["determination"] == "solved"
    assert "hash" not in items[3]["data"]


@pytest.mark.rule("N4")
@pytest.mark.parametrize(
    "tampering",
    [
        r"UPDATE history SET item = replace(encode(item, 'escape'), '520402', '520403')::bytea WHERE seq = 2",
        "UPDATE history SET hash = repeat('a', 64) WHERE seq = 2",
        "DELETE FROM history WHERE seq = 2",
    ],
)
async def test_a_row_that_was_tampered_with_is_seen(desk: Desk, tampering: str) -> None:
    ticket_id = await desk.handled("520402")
    async with desk.service.database.transaction() as transaction:
        assert await transaction.connection.execute(tampering) in {"UPDATE 1", "DELETE 1"}
    assert first_broken(await desk.history(ticket_id)) == 2


async def test_of_two_dispatchers_at_once_one_dispatches(desk: Desk) -> None:
    for _ in range(5):
        ticket_id = await desk.accept()
        answers = await asyncio.gather(
            *(
                desk.act(ticket_id, "dispatch", {"lead": unit, "supports": ["520400-D01"]})
                for unit in ("520402", "520403", "520400-D02")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        refused = next(answer.json() for answer in answers if answer.status_code == 409)
        assert refused["state"] == "sign_pending"
        assert len(await desk.history(ticket_id)) == 2


async def test_acts_at_once_on_one_ticket_follow_each_other_in_the_chain(desk: Desk) -> None:
    units = ("520402", "520403", "520400-D01", "520400-D02")
    for _ in range(5):
        ticket_id = await desk.dispatched(*units)
        answers = await asyncio.gather(
            *(desk.act(ticket_id, "sign", role="unit_handler", unit=unit) for unit in units),
            *(
                desk.act(ticket_id, "interim-feedback", {"text": "到场"}, role="unit_leader", unit=unit)
                for unit in units
            ),
        )
        assert [answer.status_code for answer in answers] == [200] * 8
        items = await desk.history(ticket_id)
        assert len(items) == 10
        assert first_broken(items) is None
        instants = [item["at"] for item in items]
        assert instants == sorted(set(instants))
        shown = await desk.ticket(ticket_id)
        assert {charge["state"] for charge in shown["assignments"]} == {"handling"}
        assert shown["version"] == 10


async def test_a_unit_that_waited_for_the_dispatch_sees_its_assignment(desk: Desk) -> None:
    """The lock alone shows the ticket's new state with the assignments of before."""
    ticket_id = await desk.accept()
    desk.clock.set(MORNING + timedelta(minutes=1))  # no longer young: a 404 would not be tried again
    async with desk.service.database.transaction() as holder:
        await holder.connection.execute("SELECT 1 FROM tickets WHERE ticket_id = $1 FOR UPDATE", ticket_id)
        dispatching = asyncio.ensure_future(desk.act(ticket_id, "dispatch", {"lead": "520402"}))
        await _waiting(desk, 1)
        signing = asyncio.ensure_future(desk.act(ticket_id, "sign", role="unit_handler", unit="520402"))
        await _waiting(desk, 2)
    dispatched, signed = await asyncio.gather(dispatching, signing)
    assert (dispatched.status_code, signed.status_code) == (200, 200)
    assert signed.json()["assignments"][0]["state"] == "handling"


async def _waiting(desk: Desk, count: int) -> None:
    """Until this many statements wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while (await desk.rows(query))[0][0] < count:  # noqa: ASYNC110 - the event is in the database
            await asyncio.sleep(0)


async def test_history_is_paged_by_seq(desk: Desk) -> None:
    ticket_id = await desk.replied()
    page = await done(desk.ask("GET", f"/tickets/{ticket_id}/history?limit=3"))
    assert [item["seq"] for item in page["items"]] == [1, 2, 3]
    page = await done(desk.ask("GET", f"/tickets/{ticket_id}/history?limit=3&cursor={page['next']}"))
    assert ([item["seq"] for item in page["items"]], page["next"]) == ([4], None)
