"""Time in one jump or in many small steps: the same facts, to the id and the hash."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline_local.machine import running_machine

from .conftest import MORNING, UNIT, City

FACTS = {
    "sla": (
        "SELECT * FROM cards ORDER BY card_id",
        "SELECT * FROM clocks ORDER BY clock_id",
    ),
    "routing": ("SELECT ticket_id, seq, event_id, hash FROM history ORDER BY ticket_id, seq",),
    "intake": ("SELECT request_id, seq, item, hash FROM request_history ORDER BY request_id, seq",),
}


async def lives(city: City) -> None:
    """Some tickets in every state that time can change."""
    kinds = ("help", "consultation", "complaint", "suggestion", "report", "praise")
    for number, kind in enumerate(kinds * 2):
        emergent = "area_outage" if number == 3 else None
        ticket = (await city.request(type=kind, emergent=emergent))["ticket_id"]
        await city.machine.drain()
        if number == 11:
            continue
        await city.act(ticket, "dispatch", {"lead": UNIT})
        if number % 2:
            await city.act(ticket, "sign")
        if number % 4 == 1:
            await city.act(ticket, "reply", {"text": "已答复。"})
        await city.driver.move_to(city.machine.clock.now() + timedelta(minutes=7))


async def facts(city: City) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for service, queries in FACTS.items():
        async with city.machine.services[service].database.reading() as connection:
            for query in queries:
                found += [tuple(row.values()) for row in await connection.fetch(query)]
    return found


@pytest.mark.rule("T3")
@pytest.mark.rule("I4")
async def test_one_jump_and_many_steps_give_identical_cards_ids_and_hashes(tmp_path: Path) -> None:
    jumped, stepped = tmp_path / "jumped", tmp_path / "stepped"
    async with running_machine(jumped, virtual_from=MORNING) as machine:
        city = await City.found(machine)
        await city.put_units()
        await lives(city)
        before = city.token("auditor")
        start = machine.clock.now()
    shutil.copytree(jumped, stepped)
    target = datetime.fromisoformat("2026-03-05T12:00:00+08:00")

    async with running_machine(jumped) as machine:
        city = await City.found(machine)
        await city.driver.move_to(target)
        in_one_jump = await facts(city)
        await city.client.get("/api/v1/cards", token=before)
    async with running_machine(stepped) as machine:
        city = await City.found(machine)
        at = start
        while at < target:
            at = min(at + timedelta(hours=1, minutes=17, microseconds=3), target)
            await city.driver.move_to(at)
        in_steps = await facts(city)
        await city.client.get("/api/v1/cards", token=before)

    assert in_one_jump == in_steps
    assert len(in_one_jump) > 60
