"""One try to store a group of new requests: everything of it in one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from hotline_chassis.clocks import SystemClock
from hotline_chassis.database import Database, Transaction
from hotline_contracts.problems import ChannelRefUsed, IdempotencyKeyReused
from intake_svc.adapters.group_preparation import Preparation, prepare_group
from intake_svc.adapters.group_statement import (
    EARLIER_REQUESTS,
    KEEP_EARLIER,
    KEPT_ANSWERS,
    RELEASE_KEYS,
    Line,
    write_group,
)
from intake_svc.adapters.group_writer import Outcome
from intake_svc.adapters.request_rows import first_standing
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.application.take_in import NewRequest, Stored, answer_body, prepare
from intake_svc.domain.numbering import numbering_day, ticket_no


class DayTurned(Exception):
    """The facts' instant lies on another day than the reserved serials: reserve for that day."""

    def __init__(self, day: date) -> None:
        super().__init__(day)
        self.day = day


class AnswerVanished(Exception):
    """A key was taken and its answer forgotten in between: try again."""


@dataclass
class Attempt:
    """What a try has come to, for whoever must find out whether it was committed.

    Attributes:
        stored: ids that this try wrote; all of them are durable, or none.
        xid: the transaction's id, once it wrote; None before.
        outcomes: for each request of the group; true if the transaction commits.
    """

    stored: frozenset[UUID] = frozenset()
    xid: str | None = None
    outcomes: Sequence[Outcome] = ()


class GroupFlush:
    """Stores groups; says nothing about trying again (``group_retries``)."""

    def __init__(self, database: Database, keys: RequesterKeys, system_clock: SystemClock) -> None:
        self._database = database
        self._keys = keys
        self._system_clock = system_clock

    async def write(self, group: Sequence[NewRequest], attempt: Attempt, day: date | None = None) -> None:
        """Store what is new, find what is not, commit; ``attempt`` holds the outcomes.

        Args:
            group: no two share an idempotency key or a channel's number.
            attempt: filled in on the way.
            day: whose serials to take; the business clock's today by default.

        Raises:
            DayTurned: nothing is stored.
            AnswerVanished: nothing is stored.
            Exception: the database's; whether anything is stored is open if it came from COMMIT.
        """
        day = day or numbering_day(self._database.clock.now())
        preparing = asyncio.create_task(prepare_group(self._database, self._keys, group, day))
        try:
            async with self._database.transaction() as transaction:
                at = await transaction.stamp()
                if numbering_day(at) != day:
                    raise DayTurned(numbering_day(at))
                preparation = await preparing
                await self._write(transaction, _lines(group, preparation, at, day), preparation, attempt)
        finally:
            await _end(preparing)

    async def _write(
        self, transaction: Transaction, lines: Sequence[Line], preparation: Preparation, attempt: Attempt
    ) -> None:
        attempt.stored, attempt.xid = await write_group(
            transaction,
            lines,
            preparation.newcomers,
            stored_at=self._system_clock.now(),
        )
        attempt.outcomes = await _outcomes(transaction.connection, lines, attempt.stored)


def _lines(group: Sequence[NewRequest], preparation: Preparation, at: datetime, day: date) -> list[Line]:
    lines = []
    for new, (requester_id, key) in zip(group, preparation.keys, strict=True):
        number = None if new.held else ticket_no(day, next(preparation.serials))
        lines.append(Line.of(prepare(new, key, at, number), requester_id))
    return lines


async def _end(preparing: "asyncio.Task[Preparation]") -> None:
    """Leave nothing behind that runs, or that failed unseen."""
    preparing.cancel()
    await asyncio.wait([preparing])
    if not preparing.cancelled():
        preparing.exception()


async def _outcomes(
    connection: asyncpg.Connection, lines: Sequence[Line], stored: frozenset[UUID]
) -> list[Outcome]:
    """Answer the losers from what won before them."""
    losers = [line for line in lines if line.prepared.new.request_id not in stored]
    earlier = await _earlier(connection, losers) if losers else {}
    return [
        earlier.get(line.prepared.new.request_id) or Stored(status=201, body=line.answer) for line in lines
    ]


async def _earlier(connection: asyncpg.Connection, losers: Sequence[Line]) -> dict[UUID, Outcome]:
    """What each loser is answered with, by its id."""
    news = [line.prepared.new for line in losers]
    numbered = [new for new in news if new.matter.channel_ref is not None]
    rows = await connection.fetch(
        EARLIER_REQUESTS,
        [new.matter.channel for new in numbered],
        [new.matter.channel_ref for new in numbered],
    )
    by_number = {(row["channel"], row["channel_ref"]): row for row in rows}
    rows = await connection.fetch(KEPT_ANSWERS, [new.key_scope for new in news if new.key_scope])
    # Keys of ours stand there too, with the id of a request that was not stored.
    own = {line.answer for line in losers}
    by_key = {row["scope"]: row for row in rows if row["body"] not in own}
    outcomes: dict[UUID, Outcome] = {}
    for new in news:
        if new.key_scope in by_key:
            outcomes[new.request_id] = _of_key(by_key[new.key_scope], new)
        elif (new.matter.channel, new.matter.channel_ref) in by_number:
            row = by_number[(new.matter.channel, new.matter.channel_ref)]
            outcomes[new.request_id] = _of_number(row, new)
        else:
            raise AnswerVanished
    claimed = [new for new in news if new.key_scope is not None and new.key_scope not in by_key]
    await _amend_keys(connection, claimed, outcomes)
    return outcomes


def _of_key(row: asyncpg.Record, new: NewRequest) -> Outcome:
    if row["fingerprint"] != new.fingerprint:
        return IdempotencyKeyReused("该幂等键已用于内容不同的请求。")
    return Stored(row["status"], row["body"], replayed=True)


def _of_number(row: asyncpg.Record, new: NewRequest) -> Outcome:
    if row["fingerprint"] != new.fingerprint:
        return ChannelRefUsed("该渠道编号已用于内容不同的诉求。")
    return Stored(200, answer_body(first_standing(row)))


async def _amend_keys(
    connection: asyncpg.Connection, claimed: Sequence[NewRequest], outcomes: Mapping[UUID, Outcome]
) -> None:
    """A key claimed for nothing keeps the answer that its request got; a refusal is not kept."""
    kept = {
        new.key_scope: outcome.body
        for new in claimed
        if isinstance(outcome := outcomes[new.request_id], Stored)
    }
    if kept:
        await connection.execute(KEEP_EARLIER, list(kept), list(kept.values()))
    released = [new.key_scope for new in claimed if new.key_scope not in kept]
    if released:
        await connection.execute(RELEASE_KEYS, released)
