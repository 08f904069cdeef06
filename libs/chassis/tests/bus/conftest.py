from collections.abc import AsyncIterator

import pytest

from hotline_chassis.testing.bus_lab import BusLab, EmbeddedLab, KafkaLab, MemoryLab
from hotline_chassis.testing.postgres import DatabaseFactory

ON_KAFKA = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.xdist_group("kafka")]


@pytest.fixture(params=["memory", "embedded", "embedded-alone", pytest.param("kafka", marks=ON_KAFKA)])
async def lab(request: pytest.FixtureRequest, database_factory: DatabaseFactory) -> AsyncIterator[BusLab]:
    """Every implementation of the bus, each test with a log of its own."""
    opened: BusLab
    if request.param == "memory":
        opened = MemoryLab()
    elif request.param == "kafka":
        opened = await KafkaLab.open(request.getfixturevalue("kafka_bootstrap"))
    else:
        opened = await EmbeddedLab.open(await database_factory(None), alone=request.param == "embedded-alone")
    await opened.bus.ensure_topics({"a.facts": 4, "b.facts": 4, "reference.things": 1})
    yield opened
    await opened.close()
