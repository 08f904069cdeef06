"""Members of consumer groups that come and go while facts flow: politely, killed, or frozen with a batch in their hands."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import asyncpg

from hotline_chassis.bus.groups import HEARTBEAT, LEASE
from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.kafka.ending import _tasks
from hotline_chassis.bus.port import Bus
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.database import Database, Transaction
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.bus_lab import BusLab
from hotline_contracts.values import DEFAULT_SITE
from hotline_local.machine import BUILDERS
from tests.load.production_layout import until

from .progress import unread
from .rebuilding import NEVER_THE_SAME, Tables, read_tables
from .recorded_town import RecordedTown

PATIENCE = 0.05
MOST_MEMBERS = 4


class Gate:
    """Stands before a member's transactions; a closed one is where a process stands still with what it has read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.waiting += 1
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1
        async with self._database.transaction() as transaction:
            yield transaction

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()


@dataclass
class Member:
    """One process of a service, as far as its group and its tables can tell: a bus, a pool, a consumer, a timer."""

    service: Service
    bus: Bus
    gate: Gate
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    @classmethod
    async def start(cls, name: str, dsn: dict[str, Any], lab: BusLab, town: RecordedTown) -> "Member":
        bus = await lab.another_process()
        surroundings = Surroundings(
            dsn=dsn,
            bus=bus,
            business_clock=VirtualTime(town.until),
            system_clock=RealTime(),
            verifier=town.machine.verifier,
            master_keys=town.keys,
            site=DEFAULT_SITE,
        )
        service = await BUILDERS[name][1](surroundings)
        assert service.consumer is not None
        member = cls(service, bus, Gate(service.database))
        service.consumer._database = member.gate  # type: ignore[assignment]
        await service.consumer.start()
        member.tasks.append(asyncio.create_task(service.consumer.run(member.stop, patience=PATIENCE)))
        if service.timer is not None:
            member.tasks += [asyncio.create_task(work(member.stop)) for work in service.background]
        return member

    async def leave(self) -> None:
        """Say goodbye."""
        self.gate.open()
        self.stop.set()
        await asyncio.gather(*self.tasks)
        assert self.service.consumer is not None
        await self.service.consumer.close()
        await self.service.database.close()

    async def die(self) -> None:
        """Be gone in the middle of whatever it is, without a word to the group."""
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)
        self.service.database.pool.terminate()
        if isinstance(self.bus, KafkaBus):
            for reader in self.bus._readers:
                if reader._member is not None:
                    client = reader._member._consumer
                    for task in _tasks(client):
                        task.cancel()
                    await client._client.close()


class Storm:
    """One service's group over one database.

    Attributes:
        happened: how often members joined, left and died.
    """

    def __init__(
        self, name: str, dsn: dict[str, Any], lab: BusLab, town: RecordedTown, chance: random.Random
    ) -> None:
        self.members: list[Member] = []
        self.happened: Counter[str] = Counter()
        self._name = name
        self._dsn = dsn
        self._lab = lab
        self._town = town
        self._chance = chance

    @property
    def topics(self) -> tuple[str, ...]:
        """What the service consumes."""
        assert self.members[0].service.consumer is not None
        return self.members[0].service.consumer.topics

    async def __aenter__(self) -> Self:
        await self.join()
        if (seed := self.members[0].service.seed) is not None:
            await seed()
        return self

    async def __aexit__(self, *_: object) -> None:
        for member in self.members:
            await member.die()

    async def join(self) -> None:
        self.happened["joined"] += 1
        self.members.append(await Member.start(self._name, self._dsn, self._lab, self._town))

    async def blow(self) -> None:
        """Something happens to somebody."""
        what = self._chance.choice(("join", "leave", "die"))
        if len(self.members) < 2 or (what == "join" and len(self.members) < MOST_MEMBERS):
            await self.join()
            return
        member = self.members.pop(self._chance.randrange(len(self.members)))
        if what == "die":
            self.happened["died"] += 1
            await member.die()
        else:
            self.happened["left"] += 1
            await member.leave()

    async def freeze_one(self, told: Callable[[], Awaitable[None]]) -> None:
        """One stands still with a batch in its hands until others have applied that batch; then it goes on."""
        while len(self.members) < 2:
            await self.join()
        for member in self.members:
            member.gate.close()
        await told()
        await self._while_time_passes("somebody has a batch", self._somebody_stands)
        zombie = next(member for member in self.members if member.gate.waiting)
        for member in self.members:
            if member is not zombie:
                member.gate.open()
        await self._lab.pass_time(LEASE)
        await self.until_all_is_read()
        zombie.gate.open()
        self.happened["froze"] += 1

    async def _somebody_stands(self) -> bool:
        return any(member.gate.waiting for member in self.members)

    async def until_all_is_read(self) -> None:
        await self._while_time_passes(f"{self._name} has read everything", self._has_read)

    async def _has_read(self) -> bool:
        connection = await asyncpg.connect(**self._dsn)
        try:
            return not await unread(connection, self.members[0].bus, self.topics)
        finally:
            await connection.close()

    async def _while_time_passes(self, what: str, condition: Callable[[], Awaitable[bool]]) -> None:
        async def later() -> bool:
            await self._lab.pass_time(HEARTBEAT)
            return await condition()

        await until(what, later, 60)

    async def tables(self) -> Tables:
        """Once time has passed up to the last watermark, with every ticker at it at once."""
        timers = [member.service.timer for member in self.members if member.service.timer is not None]
        while any(await asyncio.gather(*(timer.tick() for timer in timers))):
            pass
        connection = await asyncpg.connect(**self._dsn)
        try:
            return await read_tables(connection, NEVER_THE_SAME)
        finally:
            await connection.close()
