"""The audit is trusted because it was seen to fail: each row of a table breaks one thing behind its back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_local.audit import NothingToAudit, audit
from hotline_local.audit.layout import SERVICES
from hotline_local.machine import running_machine

from .audit_controls import APPEND, CONTROLS
from .small_town import MORNING, UNIT, Town, leave_work_undone, live

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("faults")]


@dataclass
class Aged:
    """A data directory with lives in it and a server of our own, restored from templates for each control."""

    data_dir: Path
    postgres: EmbeddedPostgres
    databases: tuple[str, ...] = (*SERVICES, "bus", "local")

    async def keep(self) -> None:
        for name in self.databases:
            await self.execute("postgres", f'CREATE DATABASE "kept_{name}" TEMPLATE "{name}"')

    async def restore(self, name: str) -> None:
        await self.execute("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
        await self.execute("postgres", f'CREATE DATABASE "{name}" TEMPLATE "kept_{name}"')

    async def execute(self, database: str, statement: str) -> None:
        connection = await asyncpg.connect(**self.postgres.dsn(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def aged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aged]:
    data_dir = tmp_path_factory.mktemp("aged") / "data folder"
    async with running_machine(data_dir, virtual_from=MORNING) as machine:
        town = Town(machine)
        await live(town)
        await leave_work_undone(town)
    report = await audit(data_dir)
    assert report["violations"] == []
    empty = {name for name, checked in report["checked"].items() if checked == 0}
    assert empty == {"city-totals"}, "every other invariant has something to hold"
    postgres = EmbeddedPostgres(data_dir / "postgres", extra_settings={"fsync": "off"})
    await postgres.start()
    found = Aged(data_dir, postgres)
    await found.keep()
    yield found
    await postgres.stop()


@pytest.mark.parametrize("control", CONTROLS)
async def test_the_audit_fails_and_names_what_was_broken(aged: Aged, control: str) -> None:
    database, statement, named = CONTROLS[control]
    try:
        await aged.execute(database, statement)
        report = await audit(aged.data_dir)
    finally:
        await aged.restore(database)
    found = {violation["invariant"] for violation in report["violations"]}
    assert not report["clean"]
    assert named <= found, report["violations"]


async def test_a_repeat_of_the_same_bytes_and_a_restored_system_are_clean(aged: Aged) -> None:
    try:
        await aged.execute("bus", APPEND.format(topic="routing.tickets", more=""))
        assert (await audit(aged.data_dir))["violations"] == []
    finally:
        await aged.restore("bus")
    assert (await audit(aged.data_dir))["clean"]


async def test_a_busy_system_never_gives_a_false_alarm(tmp_path: Path) -> None:
    async with running_machine(tmp_path / "busy") as machine:
        town = Town(machine)
        await town.put_unit(UNIT, "西秀区")
        enough, stop = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(machine.run(stop))

        async def work(number: int) -> None:
            while not enough.is_set():
                ticket = await town.request(emergent="area_outage" if number % 2 else None)
                await town.act(ticket, "dispatch", {"lead": UNIT})
                await town.act(ticket, "sign")
                await town.act(ticket, "reply", {"text": "已办理。"})

        workers = [asyncio.create_task(work(number)) for number in range(4)]
        checked: list[int] = []
        try:
            while len(checked) < 5 or checked[-1] < 100:
                report = await audit(tmp_path / "busy")
                assert report["violations"] == []
                checked.append(report["checked"]["history-published"])
        finally:
            enough.set()
            await asyncio.gather(*workers)
            stop.set()
            await running
    assert checked == sorted(checked)
    assert checked[0] < checked[-1], "it worked meanwhile"


async def test_the_audit_starts_a_stopped_database_and_stops_it_again(aged: Aged, tmp_path: Path) -> None:
    await aged.postgres.stop()
    try:
        shutil.copytree(aged.data_dir, tmp_path / "copy")
    finally:
        await aged.postgres.start()
    report = await audit(tmp_path / "copy")
    assert report["clean"]
    assert not (tmp_path / "copy" / "postgres" / "pgdata" / "postmaster.pid").exists()


async def test_nothing_to_audit_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NothingToAudit):
        await audit(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


async def test_the_audit_knows_every_topic_that_a_service_writes_or_reads(tmp_path: Path) -> None:
    async with running_machine(tmp_path / "data", virtual_from=MORNING) as machine:
        said = {
            name: (
                set(service.publishes),
                set(service.consumer.topics if service.consumer is not None else ()),
            )
            for name, service in machine.services.items()
        }
    known = {name: (set(layout.publishes), set(layout.consumes)) for name, layout in SERVICES.items()}
    assert known == said
