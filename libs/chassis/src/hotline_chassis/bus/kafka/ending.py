"""Ending aiokafka's clients, also those that do not end by themselves.

``stop()`` waits for acknowledgements and coordinators without end where a broker is gone. Cancelling it
leaves tasks that go on asking, and a producer that may still send what was given up long ago. There is no
public way to end those, hence the private names; a test on a stopped broker holds that no task is left.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any

import structlog
from aiokafka.errors import KafkaError

log = structlog.get_logger(__name__)

_TASKS = (
    ("_sender", "_sender_task"),
    ("_coordinator", "_coordination_task"),
    ("_coordinator", "_heartbeat_task"),
    ("_coordinator", "_commit_refresh_task"),
    ("_fetcher", "_fetch_task"),
)


async def end(client: Any, patience: float) -> None:
    """Stop a producer or consumer; after ``patience`` seconds its tasks are cancelled. Never raises for it."""
    accumulator = getattr(client, "_message_accumulator", None)
    if accumulator is not None:
        # Nobody waits for these any more, and they must not be sent behind their repetition's back.
        accumulator.fail_all(KafkaError("given up"))
    if await _within(client.stop(), patience):
        return
    log.warning("kafka.client_ended_hard", client=type(client).__name__)
    for task in list(_tasks(client)):
        await _cancel(task, patience)
    connections = getattr(client, "client", None) or getattr(client, "_client", None)
    if connections is not None:
        await _within(connections.close(), patience)


def _tasks(client: Any) -> Iterator[asyncio.Task[Any]]:
    for owner, name in _TASKS:
        task = getattr(getattr(client, owner, None), name, None)
        if task is not None:
            yield task
    yield from getattr(getattr(client, "_fetcher", None), "_pending_tasks", ())


async def _within(ending: Awaitable[Any], patience: float) -> bool:
    try:
        await asyncio.wait_for(ending, patience)
    except Exception as trouble:  # noqa: BLE001 - aiokafka's clients fail in many ways while they end
        return not isinstance(trouble, TimeoutError)
    return True


async def _cancel(task: asyncio.Task[Any], patience: float) -> None:
    # aiokafka's tasks wait for others when they are cancelled: the next cancellation goes through to those.
    for _ in range(3):
        if task.done():
            return
        task.cancel()
        await asyncio.wait([task], timeout=patience / 3)
