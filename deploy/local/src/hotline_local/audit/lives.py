"""The life of each clock as its own events tell it, and as the ticket's facts ask for it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from .snapshot import Record, Row, Snapshot, instant

_STARTED = "sla.clock.started.v1"
CARD_ISSUED = "sla.card.issued.v1"
_ACTS = {
    "sla.clock.met.v1": ("met", "stopped_at"),
    "sla.clock.cancelled.v1": ("cancelled", "stopped_at"),
    "sla.clock.lapsed.v1": ("lapsed", "lapsed_at"),
}
_REOPENED = "sla.clock.reopened.v1"
_PREFIXES = ("routing.ticket.", "evaluation.follow_up.")

WINDOWS = frozenset({"return_window"})
"""Rights that lapse without a card."""

DRIVEN_BY: Mapping[str, str] = {
    "sign": "routing.tickets",
    "handle": "routing.tickets",
    "redo": "routing.tickets",
    "interim_feedback": "routing.tickets",
    "return_window": "routing.tickets",
    "follow_up": "evaluation.ratings",
}
"""The one topic whose facts start and stop each duty, and alone say how far time has passed for it."""


@dataclass(frozen=True, slots=True)
class Act:
    """What ended a clock or let it run again.

    Attributes:
        kind: met, cancelled, lapsed or reopened.
        warn_at: with ``due_at``, from when on a reopened clock warns and is late.
    """

    kind: str
    at: datetime
    warn_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Life:
    """One clock with its events, in order, as far as its row has come.

    Attributes:
        facts: of its ticket, or of its follow-up, in the topic that drives it, as far as sla has applied them.
    """

    row: Row
    events: Sequence[Record]
    facts: Sequence[Record]

    @property
    def name(self) -> str:
        return f"{self.row['clock_id']} ({self.row['duty']})"

    @property
    def derivable(self) -> bool:
        """Whether all its events are there and of kinds that are known here."""
        known = {_STARTED, CARD_ISSUED, _REOPENED, *_ACTS}
        kinds = [event.known.type for event in self.events]
        return len(kinds) == self.row["sequence"] and kinds[:1] == [_STARTED] and known.issuperset(kinds)

    @property
    def start(self) -> Mapping[str, Any]:
        return self.events[0].data

    @property
    def cards(self) -> list[Record]:
        return [event for event in self.events if event.known.type == CARD_ISSUED]

    @cached_property
    def acts(self) -> list[Act]:
        """What its own events say; the instant of a reopening stands only in the fact that caused it."""
        found = []
        rejections = iter([fact.at for fact in self.facts if self._rejects(fact)])
        for event in self.events:
            kind = event.known.type
            data = event.data
            if kind in _ACTS:
                name, field = _ACTS[kind]
                at = instant(data[field])
            elif kind == _REOPENED:
                name, at = "reopened", next(rejections, None)
            else:
                continue
            found.append(Act(name, at or event.at, instant(data.get("warn_at")), instant(data.get("due_at"))))
        return found

    def _rejects(self, fact: Record) -> bool:
        return self._effect(fact) == "reopened"

    def asked_for(self) -> list[tuple[str, datetime]]:
        """Acts that the ticket's facts ask of this clock, by kind and instant."""
        asked: list[tuple[str, datetime]] = []
        runs = True
        for fact in self.facts:
            kind = self._effect(fact)
            if kind is not None and runs == (kind != "reopened"):
                asked.append((kind, _happened_at(fact)))
                runs = kind == "reopened"
        return asked

    def _effect(self, fact: Record) -> str | None:
        """What one fact does to this clock; ends of a clock that has ended are left out by the caller."""
        duty, kind = self.row["duty"], _kind(fact)
        if duty == "follow_up":
            return _ended(fact) if kind == "ended" else None
        if kind == "closed":
            return "lapsed" if duty in WINDOWS else "cancelled"
        own = fact.data.get("assignment_id") == str(self.row["assignment_id"])
        if kind == "replied" and duty == "interim_feedback":
            return "met" if own else "cancelled"
        if not own or fact.data.get("round", self.row["round"]) != self.row["round"]:
            return None
        return _OWN.get((kind, duty))


_OWN = {
    ("signed", "sign"): "met",
    ("replied", "handle"): "met",
    ("reply_rejected", "handle"): "reopened",
    ("replied", "redo"): "met",
    ("reply_rejected", "redo"): "reopened",
    ("interim_feedback_given", "interim_feedback"): "met",
}


def _kind(fact: Record) -> str:
    kind = fact.known.type.removesuffix(".v1")
    for prefix in _PREFIXES:
        kind = kind.removeprefix(prefix)
    return kind


def _happened_at(fact: Record) -> datetime:
    """Of an ended follow-up the act that ended it: the fact of its end comes after that one."""
    return instant(fact.data.get("ended_at")) or fact.at


def _ended(fact: Record) -> str:
    return "cancelled" if fact.data["outcome"] == "not_needed" else "met"


def read_lives(snapshot: Snapshot) -> Iterator[Life]:
    """The life of every clock whose row is there, with the facts of its subject that sla has applied."""
    facts: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for topic in sorted(set(DRIVEN_BY.values())):
        for record in snapshot.consumed("sla", topic):
            facts[topic, record.data.get("follow_up_id") or record.known.subject].append(record)
    told = snapshot.events("sla.clocks")
    for row in snapshot.services["sla"]["clocks"]:
        sequences = told.get(str(row["clock_id"]), {})
        events = [sequences[n] for n in range(1, row["sequence"] + 1) if n in sequences]
        yield Life(row, events, facts[DRIVEN_BY[row["duty"]], str(row["subject_id"])])
