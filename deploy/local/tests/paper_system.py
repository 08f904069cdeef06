"""A system on paper: events and rows as a test says, right or wrong, for the audit to judge."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson

from hotline_contracts.events.base import Envelope
from hotline_local.audit.layout import SERVICES
from hotline_local.audit.run import examine
from hotline_local.audit.snapshot import Log, Record, ServiceTables, Snapshot

NAMESPACE = UUID(int=5204)
INSTANCE = UUID(int=1)
MICROSECOND = timedelta(microseconds=1)


def named(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


@dataclass
class PaperSystem:
    """Everything on partition 0 of each topic; ``outbox`` events are by service."""

    records: list[Record] = field(default_factory=list)
    outbox: dict[str, list[Record]] = field(default_factory=dict)
    tables: dict[str, dict[str, list[dict[str, Any]]]] = field(
        default_factory=lambda: {name: {} for name in SERVICES}
    )
    watermarks: dict[str, datetime] = field(default_factory=dict)
    ends_before: dict[tuple[str, int], int] | None = None

    def publish(
        self, topic: str, subject: object, type_: str, at: datetime, /, *, sequence: int, **data: Any
    ) -> Record:
        """Append an event to its topic."""
        envelope = Envelope(
            topic=topic,
            key=str(subject),
            event_id=named(f"{topic}/{subject}/{sequence}"),
            type=type_,
            source="paper",
            subject=str(subject),
            at=at,
            sequence=sequence,
            value=orjson.dumps(data),
        )
        offset = sum(record.topic == topic for record in self.records)
        record = Record(topic, 0, offset, envelope.key.encode(), envelope.headers(), envelope.value)
        self.records.append(record)
        return record

    def repeat(self, record: Record, value: bytes | None = None) -> None:
        """Append it again, as a relay does that was killed before its delete."""
        offset = sum(found.topic == record.topic for found in self.records)
        self.records.append(
            Record(
                record.topic, 0, offset, record.key, record.headers, record.value if value is None else value
            )
        )

    def row(self, service: str, table: str, **columns: Any) -> dict[str, Any]:
        self.tables[service].setdefault(table, []).append(columns)
        return columns

    def position(self, service: str, topic: str, next_offset: int) -> None:
        self.row(
            service, "positions", topic=topic, incarnation=f"{topic}-1", partition=0, next_offset=next_offset
        )

    def snapshot(self) -> Snapshot:
        topics = {record.topic for record in self.records}
        ends = {(topic, 0): sum(record.topic == topic for record in self.records) for topic in topics}
        services = {
            name: ServiceTables(
                self.outbox.get(name, []),
                [record.known.event_id for record in self.outbox.get(name, [])],
                tables,
            )
            for name, tables in self.tables.items()
        }
        return Snapshot(
            instance_id=INSTANCE,
            bus_instance_id=INSTANCE,
            virtual_now=None,
            services=services,
            log=Log(
                records=self.records,
                ends_before=ends if self.ends_before is None else self.ends_before,
                ends=ends,
                incarnations={topic: f"{topic}-1" for topic in topics},
                watermarks=self.watermarks,
            ),
        )

    def violated(self) -> set[str]:
        """Names of the invariants that do not hold."""
        return {found["invariant"] for found in examine(self.snapshot())["violations"]}


@dataclass
class PaperClock:
    """One clock with its row, cards and events, all consistent unless a test changes them.

    A follow-up is the hotline's own: no unit, no assignment.
    """

    system: PaperSystem
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    duty: str = "sign"
    round: int = 1
    calendar_versions: dict[str, int] = field(default_factory=dict)
    row: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        of_unit = self.duty != "follow_up"
        self.row = self.system.row(
            "sla",
            "clocks",
            clock_id=named("clock"),
            subject_id=named("ticket" if of_unit else "follow-up"),
            ticket_id=named("ticket"),
            round=self.round,
            assignment_id=named("assignment") if of_unit else None,
            unit="520402" if of_unit else None,
            duty=self.duty,
            state="running",
            started_at=self.started_at,
            warn_at=self.warn_at,
            due_at=self.due_at,
            card=None,
            stopped_at=None,
            reopened_at=None,
            next_transition_at=None,
            held=False,
            sequence=0,
            last_at=self.started_at,
            policy_version=1,
            calendar_status="confirmed",
            calendar_versions=orjson.dumps(self.calendar_versions).decode(),
        )
        self._tell(
            "sla.clock.started.v1",
            started_at=self.started_at.isoformat(),
            warn_at=self.warn_at.isoformat(),
            due_at=self.due_at.isoformat(),
            type="help",
            policy_version=1,
            calendar_versions=self.calendar_versions,
            calendar_status="confirmed",
        )

    def _tell(self, type_: str, **data: Any) -> datetime:
        self.row["sequence"] += 1
        self.row["last_at"] += MICROSECOND
        self.system.publish(
            "sla.clocks",
            self.row["clock_id"],
            type_,
            self.row["last_at"],
            sequence=self.row["sequence"],
            **{
                name: self.row[name] and str(self.row[name])
                for name in ("clock_id", "ticket_id", "assignment_id")
            },
            **{"unit": self.row["unit"], "duty": self.duty, "round": self.round, **data},
        )
        at: datetime = self.row["last_at"]
        return at

    def card(self, colour: str, at: datetime) -> None:
        card_id = named(f"card {colour} {at}")
        columns = {"card": colour, "was": self.row["card"], "duty": self.duty}
        issued_at = self._tell(
            "sla.card.issued.v1",
            card_id=str(card_id),
            type="help",
            at=at.isoformat(),
            due_at=self.due_at.isoformat(),
            policy_version=1,
            calendar_versions={},
            why="",
            **columns,
        )
        self.system.row(
            "sla",
            "cards",
            card_id=card_id,
            clock_id=self.row["clock_id"],
            ticket_id=self.row["ticket_id"],
            assignment_id=self.row["assignment_id"],
            type="help",
            unit=self.row["unit"],
            round=self.round,
            at=at,
            due_at=self.due_at,
            issued_at=issued_at,
            standing=True,
            policy_version=1,
            calendar_versions="{}",
            why="",
            **columns,
        )
        self.row["card"] = colour

    def met(self, at: datetime) -> None:
        state = "late" if self.row["card"] == "red" else "met"
        self._tell("sla.clock.met.v1", state=state, stopped_at=at.isoformat())
        self.row.update(state=state, stopped_at=at)

    def cancelled(self, at: datetime) -> None:
        self._tell("sla.clock.cancelled.v1", stopped_at=at.isoformat())
        self.row.update(state="cancelled", stopped_at=at)
