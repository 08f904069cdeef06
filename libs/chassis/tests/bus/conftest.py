from collections.abc import AsyncIterator

import pytest

from hotline_chassis.testing.bus_lab import BusLab, EmbeddedLab, MemoryLab
from hotline_chassis.testing.postgres import DatabaseFactory


@pytest.fixture(params=["memory", "embedded", "embedded-alone"])
async def lab(request: pytest.FixtureRequest, database_factory: DatabaseFactory) -> AsyncIterator[BusLab]:
    """Every implementation of the bus, each test with a log of its own."""
    opened: BusLab
    if request.param == "memory":
        opened = MemoryLab()
    else:
        opened = await EmbeddedLab.open(await database_factory(None), alone=request.param == "embedded-alone")
    await opened.bus.ensure_topics({"a.facts": 4, "b.facts": 4, "reference.things": 1})
    yield opened
    await opened.close()
