"""The broker is killed under the production layout: every relay, consumer and timer is a process that must find back by itself."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.clocks import RealTime
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.testing.kafka import LocalBroker
from hotline_local.audit.reading import read_snapshot
from hotline_local.audit.run import examine
from hotline_local.buses import BusChoice
from hotline_local.instance import DATABASE, Instance
from tests.load.production_layout import ProductionLayout, namespaced, production_layout, until

from .progress import on_its_way
from .town_traffic import Traffic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600), pytest.mark.xdist_group("broker-outage")]

NAMESPACE = f"o{uuid4().hex[:8]}."
AWAY_SECONDS = 10
STOCK = 30
PAUSE = 0.05


class Installation:
    """The layout, and what an auditor may read of it."""

    def __init__(self, layout: ProductionLayout, postgres: EmbeddedPostgres, kafka: str) -> None:
        self.layout = layout
        self._postgres = postgres
        self._kafka = kafka

    def dsn(self, database: str) -> dict[str, Any]:
        return self._postgres.dsn(namespaced(NAMESPACE, database))

    async def be_auditable(self) -> None:
        """The audit asks a data directory who it is; an installation of processes has none, so it gets one."""
        choice = BusChoice(self._kafka, NAMESPACE)
        await self._postgres.ensure_database(namespaced(NAMESPACE, DATABASE))
        instance = await Instance.open(self.dsn(DATABASE))
        remembered = await instance.remember(None, choice)
        await instance.close()
        bus = await self._bus()
        await bus.bind_instance(remembered.instance_id)
        await bus.close()

    async def audit(self) -> dict[str, Any]:
        return examine(await read_snapshot(self.dsn, running=True))

    async def until_all_has_arrived(self) -> None:
        bus = await self._bus()
        missing: Counter[str] = Counter()

        async def arrived() -> bool:
            missing.clear()
            missing.update(await on_its_way(self.dsn, bus))
            return not missing

        try:
            await until("everything has arrived", arrived, 120)
        except Exception as late:
            late.add_note(str(missing))
            raise
        finally:
            await bus.close()

    async def _bus(self) -> KafkaBus:
        return await KafkaBus.connect(self._kafka, RealTime(), namespace=NAMESPACE)


@pytest.fixture
async def installation(
    postgres_server: EmbeddedPostgres, local_broker: LocalBroker, tmp_path: Path
) -> AsyncIterator[Installation]:
    kafka = await asyncio.to_thread(local_broker.start)
    async with production_layout(postgres_server, kafka, tmp_path / "layout", namespace=NAMESPACE) as layout:
        found = Installation(layout, postgres_server, kafka)
        await found.be_auditable()
        yield found


async def test_every_process_is_back_at_work_when_the_broker_is(
    installation: Installation, local_broker: LocalBroker
) -> None:
    layout = installation.layout
    async with layout.client() as client:
        traffic = Traffic(client, layout.issuer, random.Random(12345))
        await traffic.settle_in(STOCK)
        await installation.until_all_has_arrived()
        async with traffic.flowing(PAUSE) as flowing:
            await asyncio.wait([flowing], timeout=2)
            os.kill(local_broker.pid(), signal.SIGKILL)
            before = traffic.writes
            await asyncio.wait([flowing], timeout=AWAY_SECONDS)
            during = traffic.writes - before
            await asyncio.to_thread(local_broker.start)
            await asyncio.wait([flowing], timeout=2)
        await installation.until_all_has_arrived()
        assert traffic.refused == []
        assert during > STOCK / 3
        assert await traffic.broken_promises() == []
    report = await installation.audit()
    assert report["violations"] == []
    assert report["checked"]["topic-sequence"] > before
    for process in layout.processes.values():
        await process.until_ready(60)
