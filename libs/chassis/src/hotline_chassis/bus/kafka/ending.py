"""Ending aiokafka's clients, also those that do not end by themselves.

``stop()`` waits for acknowledgements and coordinators without end where a broker is gone. Cancelling it, or
an error in the middle of it, leaves tasks that go on asking, and a producer that may still send what was
given up long ago. There is no public way to end those, hence the private names; a test on a stopped broker
holds that no task is left.
"""
# ruff: noqa: SLF001 - see above

import asyncio
from collections.abc import Coroutine, Iterator
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
    _give_up_batches(client)
    if not await _within(client.stop(), patience):
        log.warning("kafka.client_ended_hard", client=type(client).__name__)
    for task in list(_tasks(client)):
        await _cancel(task, patience)
    connections = getattr(client, "client", None) or getattr(client, "_client", None)
    if connections is not None:
        await _within(connections.close(), patience)


def _give_up_batches(client: Any) -> None:
    """Nobody waits for these any more, and they must not be sent behind their repetition's back."""
    accumulator = getattr(client, "_message_accumulator", None)
    if accumulator is None:
        return
    if (sending := client._sender.sender_task) is not None:
        sending.remove_done_callback(
            client._sender._fail_all
        )  # it stumbles over producers without transactions
    waiting = [batch for batches in accumulator._batches.values() for batch in batches]
    for batch in [*waiting, *accumulator._pending_batches]:
        batch.failure(KafkaError("given up"))
        for future in (batch.future, batch._drain_waiter):
            if not future.cancelled():
                future.exception()  # seen: unseen it would be told as an error of ours


def _tasks(client: Any) -> Iterator[asyncio.Task[Any]]:
    for owner, name in _TASKS:
        task = getattr(getattr(client, owner, None), name, None)
        if task is not None:
            yield task
    yield from getattr(getattr(client, "_fetcher", None), "_pending_tasks", ())


async def _within(ending: Coroutine[Any, Any, Any], patience: float) -> bool:
    """Let it run for a while, whatever it raises: cancellations of its own, too."""
    task = asyncio.create_task(ending, name="kafka client ends")
    await asyncio.wait([task], timeout=patience)
    in_time = task.done()
    await _cancel(task, patience)
    return in_time


async def _cancel(task: asyncio.Task[Any], patience: float) -> None:
    # aiokafka's tasks wait for others when they are cancelled: the next cancellation goes through to those.
    for _ in range(3):
        if task.done():
            break
        task.cancel()
        await asyncio.wait([task], timeout=patience / 3)
    if task.done() and not task.cancelled():
        task.exception()
