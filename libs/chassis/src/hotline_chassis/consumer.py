"""A service's consumer: one transaction per batch {positions, effects, its own outbox}.

Retried without end: database, network and unknown errors. Parked: what no retry can mend, a record
that breaks the contract or that the rules refuse for good. Poison parks its *key*: that record and all
later ones of the key wait in ``parked``, while every other key goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from hotline_chassis.bus.port import Bus, BusReader, BusUnavailable, LogShortened, Record, TopicPartition
from hotline_chassis.crashpoints import reach
from hotline_chassis.database import INSERT_OUTBOX, TROUBLE, Database, Transaction, pack_headers
from hotline_chassis.positions import (
    Fenced,
    ensure_positions,
    load_positions,
    move_positions,
    remember_sequences,
)
from hotline_chassis.signals import Signal
from hotline_chassis.tracing import traces_by_key
from hotline_chassis.troubles import Troubles
from hotline_contracts.events.base import ContractBroken, Envelope, Event, Fact
from hotline_contracts.events.registry import COMPACTED, decode
from hotline_contracts.ids import derived_id

log = structlog.get_logger(__name__)

Apply = Callable[[Transaction, Sequence[Fact[Event]]], Awaitable[None]]
Hold = Callable[[Transaction, str, str], Awaitable[None]]
Key = tuple[str, bytes]

FETCH_SECONDS = 0.5
RETRY_SECONDS = 0.2

_PARK = """
INSERT INTO parked (topic, incarnation, partition, "offset", key, headers, value, reason)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[])
ON CONFLICT DO NOTHING
"""
_SKIP = """
INSERT INTO skipped_types (topic, key, type, records)
SELECT topic, key, type, count(*) FROM unnest($1::text[], $2::bytea[], $3::text[]) AS n(topic, key, type)
GROUP BY topic, key, type ORDER BY topic, key, type
ON CONFLICT (topic, key, type) DO UPDATE SET records = skipped_types.records + excluded.records
"""


class Poison(Exception):
    """Raised by ``apply`` for a fact that the rules refuse for good; parks the fact's key."""

    def __init__(self, fact: Fact[Event], reason: str) -> None:
        super().__init__(reason)
        self.fact = fact
        self.reason = reason


@dataclass
class _Sorted:
    """A batch, sorted into what is applied, what is skipped and what is parked."""

    facts: list[Fact[Event]] = field(default_factory=list)
    skipped: list[Envelope] = field(default_factory=list)
    parked: list[tuple[Record, str]] = field(default_factory=list)
    last: dict[tuple[str, str], int] = field(default_factory=dict)


class Consumer:
    """Reads topics as one member of a group and applies them to one service's database.

    Attributes:
        applied: raised after each commit that applied facts.
        moved: records whose effects were committed so far, by whoever made a step.
        turns: rounds of ``run`` so far; one that stands still hangs.
        trouble: what the last round of ``run`` was retried for, None after a good one.
        stopped_for: why the consumer refuses to go on (a shortened log), else None.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        group: str,
        topics: Sequence[str],
        apply: Apply,
        hold: Hold | None = None,
        batch: int = 1000,
    ) -> None:
        self.topics = tuple(topics)
        self.applied = Signal()
        self.moved = 0
        self.turns = 0
        self.trouble: str | None = None
        self.stopped_for: str | None = None
        self._database = database
        self._bus = bus
        self._group = group
        self._apply = apply
        self._hold = hold
        self._batch = batch
        self._turn = asyncio.Lock()
        self._troubles = Troubles()
        self._reader: BusReader | None = None
        self._incarnations: dict[str, str] = {}
        self._next: dict[TopicPartition, int] = {}
        self._parked: dict[Key, str] = {}

    async def start(self) -> None:
        """Join the group; partitions are sought as they are assigned."""
        self._next.clear()
        self._reader = await self._bus.reader(self._group, self.topics)

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None

    async def step(self, wait: float = 0.0) -> int:
        """Apply one batch; returns the number of records, 0 when there was nothing.

        Raises:
            LogShortened: records are missing from the bus; nothing was applied.
        """
        async with self._turn:
            reader = self._joined()
            await self._seek_new(reader)
            records = await reader.fetch(self._batch, wait)
            records = [r for r in records if (r.topic, r.partition) in self._next]
            if not records:
                return 0
            try:
                await self._store(records)
            except Fenced:
                log.warning("consumer.fenced", group=self._group)
                self._next.clear()
                return 0
            except BaseException:
                self._next.clear()
                raise
            await reader.commit({partition: self._next[partition] for partition in _partitions(records)})
            return len(records)

    def is_behind(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether records below these ends, of our topics, are still to be applied here or by another member."""
        return any(self._next.get(at, 0) < end for at, end in ends.items() if at[0] in self.topics)

    def is_behind_here(self, ends: Mapping[TopicPartition, int]) -> bool:
        """As ``is_behind``, of the partitions that this member reads now."""
        return any(upto < ends.get(at, 0) for at, upto in self._next.items())

    @property
    def joined(self) -> bool:
        """Whether ``start`` has succeeded."""
        return self._reader is not None

    def _joined(self) -> BusReader:
        if self._reader is None:
            raise BusUnavailable("the consumer has not joined its group")
        return self._reader

    async def _seek_new(self, reader: BusReader) -> None:
        """Seek what was newly assigned, or all after an error, to the stored positions."""
        assigned = reader.assignment()
        if assigned == self._next.keys():
            return
        for partition in self._next.keys() - assigned:
            del self._next[partition]
        fresh = sorted(assigned - self._next.keys())
        if not fresh:
            return
        self._incarnations = {topic: await self._bus.incarnation(topic) for topic in self.topics}
        keys = [(topic, self._incarnations[topic], number) for topic, number in fresh]
        ends = await self._bus.end_offsets(self.topics)
        async with self._database.reading() as connection:
            await ensure_positions(connection, keys)
            stored = await load_positions(connection)
            parked = await connection.fetch("SELECT DISTINCT ON (topic, key) topic, key, reason FROM parked")
        self._parked = {(row["topic"], row["key"]): row["reason"] for row in parked}
        for partition, key in zip(fresh, keys, strict=True):
            if stored[key] > ends[partition]:
                self.stopped_for = (
                    f"{partition} ends at {ends[partition]}, the stored position is {stored[key]}"
                )
                raise LogShortened(self.stopped_for)
            reader.seek(partition, stored[key])
            self._next[partition] = stored[key]

    async def _store(self, records: Sequence[Record]) -> None:
        poisoned: dict[UUID, str] = {}
        while True:
            try:
                moves = self._moves(records)
                async with self._database.transaction() as transaction:
                    batch = await self._begin(transaction, records, moves, poisoned)
                    if batch.facts:
                        transaction.continue_traces(traces_by_key(fact.envelope for fact in batch.facts))
                        await self._apply(transaction, batch.facts)
                    await self._write_aside(transaction, batch)
                    await remember_sequences(transaction, batch.last)
                    reach("consumer.before-commit")
            except Poison as poison:
                poisoned[poison.fact.event_id] = poison.reason
                continue
            break
        self.moved += len(records)
        reach("consumer.after-commit")
        self._next.update({partition: upto for partition, (_, upto) in moves.items()})
        self._parked.update({(r.topic, r.key): reason for r, reason in batch.parked})
        if batch.facts:
            self.applied.raise_()

    def _moves(self, records: Sequence[Record]) -> dict[TopicPartition, tuple[int, int]]:
        upto: dict[TopicPartition, int] = {}
        for record in records:
            upto[(record.topic, record.partition)] = record.offset + 1
        return {partition: (self._next[partition], offset) for partition, offset in upto.items()}

    async def _begin(
        self,
        transaction: Transaction,
        records: Sequence[Record],
        moves: Mapping[TopicPartition, tuple[int, int]],
        poisoned: Mapping[UUID, str],
    ) -> _Sorted:
        """Move the positions and sort the batch.

        Raises:
            Fenced: another consumer did.
        """
        read = [(record, _envelope(record)) for record in records]
        subjects = ((e.topic, e.subject) for _, e in read if isinstance(e, Envelope))
        batch = _Sorted(last=await move_positions(transaction, moves, self._incarnations, subjects))
        bad = dict(self._parked)
        for record, envelope in read:
            reason = bad.get((record.topic, record.key)) or _place(batch, envelope, poisoned)
            if reason is not None:
                bad[(record.topic, record.key)] = reason
                batch.parked.append((record, reason))
        return batch

    async def _write_aside(self, transaction: Transaction, batch: _Sorted) -> None:
        if batch.skipped:
            await transaction.connection.execute(
                _SKIP,
                [e.topic for e in batch.skipped],
                [e.key.encode() for e in batch.skipped],
                [e.type for e in batch.skipped],
            )
        if batch.parked:
            await self._park(transaction, batch.parked)

    async def _park(self, transaction: Transaction, parked: Sequence[tuple[Record, str]]) -> None:
        """Keep the records, copy them to the topic's DLQ, and hold what the key drives."""
        rows = [(record, pack_headers(record.headers), reason) for record, reason in parked]
        await transaction.connection.execute(
            _PARK,
            [r.topic for r, _, _ in rows],
            [self._incarnations[r.topic] for r, _, _ in rows],
            [r.partition for r, _, _ in rows],
            [r.offset for r, _, _ in rows],
            [r.key for r, _, _ in rows],
            [headers for _, headers, _ in rows],
            [r.value for r, _, _ in rows],
            [reason for _, _, reason in rows],
        )
        await transaction.connection.execute(
            INSERT_OUTBOX,
            [dlq_topic(r.topic) for r, _, _ in rows],
            [r.key for r, _, _ in rows],
            [headers for _, headers, _ in rows],
            [r.value for r, _, _ in rows],
            [derived_id("dlq", self._group, r.topic, r.partition, r.offset) for r, _, _ in rows],
        )
        for topic, key in sorted({(r.topic, r.key) for r, _, _ in rows} - self._parked.keys()):
            log.error("consumer.parked_key", group=self._group, topic=topic)
            if self._hold is not None:
                await self._hold(transaction, topic, key.decode(errors="replace"))

    async def run(self, stop: asyncio.Event, *, patience: float = FETCH_SECONDS) -> None:
        """Consume until told to stop.

        Raises:
            LogShortened: records are missing from the bus; whoever runs this must end loudly.

        ``patience`` is how long (seconds) an idle ``fetch`` may keep others from calling ``step``.
        """
        while not stop.is_set():
            self.turns += 1
            try:
                await self.step(patience)
                self.trouble = None
            except LogShortened as lost:
                self.stopped_for = str(lost)
                log.critical("consumer.log_shortened", group=self._group, detail=str(lost))
                raise
            except (BusUnavailable, *TROUBLE) as trouble:
                self.trouble = type(trouble).__name__
                if (untold := self._troubles.due(self.trouble)) is not None:
                    log.warning("consumer.retries", group=self._group, error=self.trouble, untold=untold)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as bug:
                # A bug in a handler is not poison: the batch stays where it is until a release mends it.
                self.trouble = type(bug).__name__
                if (untold := self._troubles.due(self.trouble)) is not None:
                    log.exception("consumer.retries_unknown", group=self._group, untold=untold)
                await asyncio.sleep(RETRY_SECONDS)


def _envelope(record: Record) -> Envelope | ContractBroken:
    try:
        return Envelope.from_record(record.topic, record.key, record.headers, record.value)
    except ContractBroken as broken:
        return broken


def _place(batch: _Sorted, envelope: Envelope | ContractBroken, poisoned: Mapping[UUID, str]) -> str | None:
    """Put one record of a healthy key where it belongs; the reason to park it, if there is one."""
    if isinstance(envelope, ContractBroken):
        return str(envelope)
    subject = (envelope.topic, envelope.subject)
    last = batch.last.get(subject, 0)
    if envelope.sequence <= last:
        return None  # the relay sent it twice
    if envelope.event_id in poisoned:
        return poisoned[envelope.event_id]
    if envelope.sequence != last + 1 and envelope.topic not in COMPACTED:
        return f"sequence {envelope.sequence} follows {last}"
    try:
        fact = decode(envelope)
    except ContractBroken as broken:
        return str(broken)
    batch.last[subject] = envelope.sequence
    if fact is None:
        batch.skipped.append(envelope)
    else:
        batch.facts.append(fact)
    return None


def dlq_topic(topic: str) -> str:
    return f"{topic}.dlq"


def _partitions(records: Iterable[Record]) -> set[TopicPartition]:
    return {(record.topic, record.partition) for record in records}
