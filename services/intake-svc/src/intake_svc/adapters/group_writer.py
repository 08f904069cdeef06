"""Concurrent requests, written together: a list, and at most two writers that take from it.

Whoever submits waits until what was decided about its request is durable. A waiter that goes away takes
nothing with it: the request is written all the same.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import TypeAlias

from hotline_contracts.problems import Unavailable
from intake_svc.application.take_in import NewRequest, Stored

Outcome: TypeAlias = Stored | Exception
Write: TypeAlias = Callable[[Sequence[NewRequest]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One request on its way, under each of the names that no other may use meanwhile."""

    new: NewRequest
    claims: tuple[Hashable, ...]
    settled: "asyncio.Future[Stored]" = field(default_factory=asyncio.Future)


class GroupWriter:
    """Hands submitted requests to ``write`` in groups.

    Args:
        write: stores a group and returns an outcome for each, in order; what it raises is everybody's.
            No two requests that it is given at any time share an idempotency key or a channel's number.
        writers: how many groups may be on their way at once.
        most: requests in one group.
    """

    def __init__(self, write: Write, *, writers: int = 2, most: int = 100) -> None:
        self._write = write
        self._most = most
        self._free = writers
        self._queue: deque[_Waiting] = deque()
        self._claimed: dict[Hashable, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def submit(self, new: NewRequest) -> Stored:
        """Store a request, or find that it was stored before.

        Raises:
            Unavailable: the service is closing.
            Exception: a refusal; or it is not stored, or nobody can say so.
        """
        claims = _claims_of(new)
        while (other := self._in_the_way(claims)) is not None:
            if _same(other.new, new):
                first = await asyncio.shield(other.settled)
                return Stored(status=first.status, body=first.body, replayed=True)
            await asyncio.wait([other.settled])
        if self._closed:
            raise Unavailable("服务正在停止，请稍后再试。")
        waiting = _Waiting(new, claims)
        self._claimed.update(dict.fromkeys(claims, waiting))
        self._queue.append(waiting)
        if self._free:
            self._start_writer()
        return await asyncio.shield(waiting.settled)

    async def close(self) -> None:
        """Take nothing new, and return when all that was taken is settled."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _in_the_way(self, claims: Sequence[Hashable]) -> _Waiting | None:
        return next((self._claimed[claim] for claim in claims if claim in self._claimed), None)

    def _start_writer(self) -> None:
        self._free -= 1
        # Of no request's context: what is written for many would pass for a part of the first one's trace.
        task = asyncio.create_task(self._write_groups(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write_groups(self) -> None:
        try:
            while self._queue:
                group = [self._queue.popleft() for _ in range(min(len(self._queue), self._most))]
                await self._settle(group)
        finally:
            self._free += 1

    async def _settle(self, group: Sequence[_Waiting]) -> None:
        outcomes: Sequence[Outcome] = [Unavailable("服务正在停止，请稍后再试。")] * len(group)
        try:
            outcomes = await self._write([waiting.new for waiting in group])
        except Exception as error:  # noqa: BLE001 - each waiter raises it
            outcomes = [error] * len(group)
        finally:
            for waiting, outcome in zip(group, outcomes, strict=True):
                self._tell(waiting, outcome)

    def _tell(self, waiting: _Waiting, outcome: Outcome) -> None:
        for claim in waiting.claims:
            del self._claimed[claim]
        if isinstance(outcome, Stored):
            waiting.settled.set_result(outcome)
        else:
            waiting.settled.set_exception(outcome)
            waiting.settled.exception()  # nobody may be left to hear it


def _claims_of(new: NewRequest) -> tuple[Hashable, ...]:
    claims: list[Hashable] = []
    if new.key_scope is not None:
        claims.append(new.key_scope)
    if new.matter.channel_ref is not None:
        claims.append((new.matter.channel, new.matter.channel_ref))
    return tuple(claims)


def _same(one: NewRequest, other: NewRequest) -> bool:
    """Equal keys on equal bodies: one effect, one answer."""
    return one.key_scope is not None and (one.key_scope, one.fingerprint) == (
        other.key_scope,
        other.fingerprint,
    )
