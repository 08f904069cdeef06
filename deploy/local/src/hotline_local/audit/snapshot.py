"""All that was read: the log of events, and every service's tables at one moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import orjson

from hotline_contracts.events.base import ContractBroken, Envelope
from hotline_contracts.events.registry import COMPACTED, decode

from .layout import WRITERS

TopicPartition: TypeAlias = tuple[str, int]
Headers: TypeAlias = list[tuple[str, bytes]]


class Row(Protocol):
    """A row of a table: asyncpg's record, or a plain dict in tests."""

    def __getitem__(self, key: str, /) -> Any: ...


class Record:
    """One event, on its topic or still in its writer's outbox.

    Attributes:
        partition: None in an outbox; then ``offset`` is the outbox row's id.
        envelope: None when the headers are not readable.
        broken: why the record is not what its contract says; None when it is.
        data: the value's JSON object, empty when there is none or it is not readable.
    """

    __slots__ = ("_data", "broken", "envelope", "headers", "key", "offset", "partition", "topic", "value")

    def __init__(
        self,
        topic: str,
        partition: int | None,
        offset: int,
        key: bytes,
        headers: Headers,
        value: bytes | None,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.headers = headers
        self.value = value
        self.envelope: Envelope | None = None
        self.broken: str | None = None
        self._data: dict[str, Any] | None = None
        try:
            self.envelope = Envelope.from_record(topic, key, headers, value)
            if value is not None or topic not in COMPACTED:
                decode(self.envelope)
        except ContractBroken as broken:
            self.broken = str(broken)

    @property
    def data(self) -> dict[str, Any]:
        if self._data is None:
            try:
                found = orjson.loads(self.value or b"{}")
            except orjson.JSONDecodeError:
                found = {}
            self._data = found if isinstance(found, dict) else {}
        return self._data

    @property
    def at(self) -> datetime:
        return self.known.at

    @property
    def known(self) -> Envelope:
        """The envelope of a record that is known to have one, as all in ``Snapshot.events`` are."""
        if self.envelope is None:
            raise ValueError(self.broken)
        return self.envelope

    @property
    def place(self) -> str:
        where = "outbox" if self.partition is None else f"{self.topic}/{self.partition}"
        return f"{where}@{self.offset}"

    def same_bytes(self, other: "Record") -> bool:
        return (self.key, self.headers, self.value) == (other.key, other.headers, other.value)


Subjects: TypeAlias = dict[str, dict[int, Record]]
"""Events by subject and sequence."""


@dataclass(slots=True)
class Log:
    """The topics, read last.

    Attributes:
        ends_before: ends of the partitions before any table was read.
        ends: ends of the partitions at the moment the records were read.
        watermarks: by topic, at that moment too.
        compacted: topics of which the bus may have dropped records that a later one of their key replaced.
    """

    records: list[Record]
    ends_before: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    incarnations: Mapping[str, str]
    watermarks: Mapping[str, datetime]
    compacted: frozenset[str] = frozenset()


@dataclass(slots=True)
class ServiceTables:
    """One database, all tables of one moment."""

    outbox: list[Record] = field(default_factory=list)
    outbox_event_ids: list[UUID] = field(default_factory=list)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def __getitem__(self, table: str) -> Sequence[Row]:
        return self.tables.get(table, ())


@dataclass
class Snapshot:
    """Everything that the invariants look at.

    Attributes:
        instance_id: of the data directory; ``bus_instance_id`` of the bus.
        virtual_now: of the virtual clock, read before everything else; None under a system clock.
        due_clocks: clocks that were still to be moved although the watermark, or the virtual clock, had
            passed them, and that stayed so while the audit waited.
        city_day: what the data directory remembers of the city day that was played on it.
    """

    instance_id: UUID | None
    bus_instance_id: UUID | None
    virtual_now: datetime | None
    services: Mapping[str, ServiceTables]
    log: Log
    due_clocks: Sequence[Row] = ()
    city_day: Row | None = None

    def events(self, topic: str) -> Subjects:
        """The topic's readable events with those still in the outbox, the first occurrence of each."""
        return self._events.get(topic, {})

    def settled(self, record: Record) -> bool:
        """Whether the event's transaction had ended before its service's tables were read.

        Outbox rows were read in the same moment as the tables.
        """
        if record.partition is None:
            return True
        return record.offset < self.log.ends_before.get((record.topic, record.partition), 0)

    def consumed(self, service: str, topic: str) -> Iterator[Record]:
        """The readable records that a service has applied, in order per partition: no repeats, nothing parked."""
        incarnation = self.log.incarnations.get(topic)
        tables = self.services[service]
        upto = {
            row["partition"]: row["next_offset"]
            for row in tables["positions"]
            if (row["topic"], row["incarnation"]) == (topic, incarnation)
        }
        parked = {
            (row["partition"], row["offset"])
            for row in tables["parked"]
            if (row["topic"], row["incarnation"]) == (topic, incarnation)
        }
        for record in self._by_topic.get(topic, ()):
            at = (record.partition, record.offset)
            if record.offset < upto.get(record.partition, 0) and at not in parked and self._is_first(record):
                yield record

    def _is_first(self, record: Record) -> bool:
        found = record.envelope
        return (
            found is not None
            and record.broken is None
            and self.events(record.topic)[found.subject][found.sequence] is record
        )

    @cached_property
    def _by_topic(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.log.records:
            found.setdefault(record.topic, []).append(record)
        return found

    @cached_property
    def _events(self) -> dict[str, Subjects]:
        found: dict[str, Subjects] = {}
        _gather(found, self.log.records)
        for name, tables in self.services.items():
            _gather(found, (record for record in tables.outbox if WRITERS.get(record.topic) == name))
        return found


def _gather(found: dict[str, Subjects], records: Iterable[Record]) -> None:
    for record in records:
        envelope = record.envelope
        if envelope is not None and record.broken is None:
            subjects = found.setdefault(record.topic, {})
            subjects.setdefault(envelope.subject, {}).setdefault(envelope.sequence, record)


def instant(told: Any) -> datetime | None:
    """An instant of an event's JSON; None when there is none."""
    return datetime.fromisoformat(told) if isinstance(told, str) else None
