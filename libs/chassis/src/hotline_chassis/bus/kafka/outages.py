"""Which errors of the client are outages."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from hotline_chassis.bus.port import BusUnavailable

OUTAGES = (KafkaError, OSError, TimeoutError, asyncio.InvalidStateError)
"""What a broker, a line or aiokafka's own machinery fails with. The last one comes out of a closing client."""


@contextmanager
def outages() -> Iterator[None]:
    """Tell an outage as ``BusUnavailable``; other errors are ours and stay loud."""
    try:
        yield
    except OUTAGES as outage:
        raise BusUnavailable(f"{type(outage).__name__}: {outage}") from outage
