"""Waiting for records without ever cancelling the wait."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from aiokafka import TopicPartition as KafkaPartition

from hotline_chassis.bus.kafka.membership import Membership

Batches: TypeAlias = Mapping[KafkaPartition, Sequence[Any]]


class Arrivals:
    """The one wait of a reader, which may outlive the fetch that began it.

    Cancelled, aiokafka's wait could lose records that it took, and would count the member as busy for ever:
    one that hangs would keep its share. So the next fetch takes it up.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[Batches] | None = None
        self._dropped: set[KafkaPartition] = set()

    @property
    def pending(self) -> bool:
        return self._task is not None

    async def wait(self, member: Membership, limit: int, timeout: float) -> Batches:
        """Records that came; empty when the time is over or the member has news."""
        member.news.clear()
        if self._task is None:
            self._task = asyncio.create_task(member.arriving(limit, timeout), name="kafka arrivals")
            self._dropped.clear()
        task = self._task
        news = asyncio.create_task(member.news.wait(), name="kafka news")
        try:
            await asyncio.wait([task, news], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if self._task is not task or not task.done():
            return {}
        self._task = None
        return {part: found for part, found in task.result().items() if part not in self._dropped}

    def drop(self, part: KafkaPartition) -> None:
        """The partition is sought: what came of it is of another place. What is still to come is not."""
        if self._task is not None and self._task.done():
            self._dropped.add(part)

    def forget(self) -> None:
        """Nothing that came is of use any more."""
        if self._task is not None and self._task.done():
            self._seen(self._task)
            self._task = None

    def abandon(self) -> None:
        """The client ends, and the wait with it."""
        if self._task is not None:
            self._task.add_done_callback(self._seen)
            self._task.cancel()
            self._task = None

    @staticmethod
    def _seen(task: asyncio.Task[Batches]) -> None:
        if not task.cancelled():
            task.exception()  # nobody else asks; unseen it would be told as an error of ours
