"""``deadlines``: every clock's deadline, computed again from the fact that started it.

Policies and calendars are those of the topics, not of any table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import orjson

from hotline_worktime.calendars import CalendarDay, CalendarYear, WorkCalendar
from hotline_worktime.policy import Duty, Policy, Window

from .findings import Findings
from .snapshot import Record, Row, Snapshot, instant

T = TypeVar("T")

DISPATCHED = "routing.ticket.dispatched.v1"
REDO_ORDERED = "routing.ticket.redo_ordered.v1"
FOLLOW_UP_OPENED = "evaluation.follow_up.opened.v1"


@dataclass(frozen=True, slots=True)
class Start:
    """What a fact says of a clock that it starts.

    Attributes:
        at: from when the duty counts; not always the fact's own instant.
        assignment_id: None for the hotline's own duties.
    """

    subject_id: str
    unit: str | None
    round: int
    type: Any
    emergent: Any
    at: datetime
    assignment_id: str | None = None


class References:
    """The published policies and calendars; ``unusable`` are the records that make none."""

    def __init__(
        self, policies: Iterable[Policy], years: Iterable[CalendarYear], unusable: Sequence[Record]
    ) -> None:
        self.unusable = unusable
        self._newest_first = sorted(policies, key=lambda policy: policy.effective_from, reverse=True)
        self._years = {(f"{year.layer}:{year.year}", year.version): year for year in years}
        self._calendars: dict[frozenset[tuple[str, int]], WorkCalendar] = {}

    def policy_at(self, at: datetime) -> Policy | None:
        """The policy of a fact's instant; None if none was effective or published."""
        return next((policy for policy in self._newest_first if policy.effective_from <= at), None)

    def calendar(self, versions: Mapping[str, int]) -> WorkCalendar:
        """The calendar as it stood for a deadline that names these versions; 0 is a year without a notice.

        Years that it does not name did not count for it.
        """
        chosen = frozenset(
            (key, version) for key, version in self._years if versions.get(key, version) == version
        )
        if chosen not in self._calendars:
            self._calendars[chosen] = WorkCalendar.of(self._years[name] for name in chosen)
        return self._calendars[chosen]


def references(snapshot: Snapshot) -> References:
    """Read them from their topics, or from the outbox while they are on the way."""
    unusable: list[Record] = []
    return References(
        list(_made(snapshot, "reference.policies", _policy, unusable)),
        list(_made(snapshot, "reference.calendars", _year, unusable)),
        unusable,
    )


def _made(
    snapshot: Snapshot, topic: str, make: Callable[[Mapping[str, Any]], T], unusable: list[Record]
) -> Iterator[T]:
    for sequences in snapshot.events(topic).values():
        for record in sequences.values():
            try:
                yield make(record.data)
            except (LookupError, TypeError, ValueError):
                unusable.append(record)


def _policy(data: Mapping[str, Any]) -> Policy:
    # JSON again, because a policy's fields are strict and an instant is a string only in JSON.
    return Policy.model_validate_json(orjson.dumps(data))


def _year(data: Mapping[str, Any]) -> CalendarYear:
    days = tuple(
        CalendarDay(date.fromisoformat(day["date"]), day["working"], day["name"]) for day in data["days"]
    )
    return CalendarYear(data["year"], data["layer"], data["version"], data["status"], data["source"], days)


def check(snapshot: Snapshot, findings: Findings) -> None:
    known = references(snapshot)
    for record in known.unusable:
        findings.violated("deadlines", record.place, "is no policy and no calendar")
    causes = {
        name: start
        for topic in ("routing.tickets", "evaluation.ratings")
        for sequences in snapshot.events(topic).values()
        for record in sequences.values()
        for name, start in starts_of(record, known)
    }
    started = snapshot.events("sla.clocks")
    for row in snapshot.services["sla"]["clocks"]:
        cause = causes.get((str(row["assignment_id"] or row["subject_id"]), row["duty"]))
        event = started.get(str(row["clock_id"]), {}).get(1)
        if cause is None or event is None:
            continue  # ``consumed`` and ``clocks-published`` say so
        wrong = _wrong_start(row, event.data, cause, known)
        findings.require(wrong is None, "deadlines", row["clock_id"], f"{row['duty']}: {wrong}")


def starts_of(record: Record, known: References) -> Iterator[tuple[tuple[str, str], Start]]:
    """The clocks that a fact starts, by whose they are (an assignment, else a follow-up) and duty.

    Only a lead handles; a redo delivers nothing, so it starts nothing else.
    """
    data = record.data
    if record.known.type == FOLLOW_UP_OPENED:
        since = instant(data["since"]) or record.at
        started = Start(data["follow_up_id"], None, data["round"], None, None, since)
        yield from _limited(started, ("follow_up",), known)
    elif record.known.type == REDO_ORDERED:
        yield from _limited(_assigned(record, data), ("redo",), known)
    elif record.known.type == DISPATCHED:
        for given in data["assignments"]:
            handles: tuple[Duty, ...] = ("handle",) if given["role"] == "lead" else ()
            yield from _limited(
                _assigned(record, given), ("sign", *handles, "interim_feedback", "return_window"), known
            )


def _assigned(record: Record, given: Mapping[str, Any]) -> Start:
    data = record.data
    return Start(
        data["ticket_id"], given["unit"], data["round"], data["type"], data["emergent"], record.at,
        given["assignment_id"],
    )  # fmt: skip


def _limited(
    start: Start, duties: Iterable[Duty | Window], known: References
) -> Iterator[tuple[tuple[str, str], Start]]:
    """Those of the duties for which the policy of that instant has a limit."""
    policy = known.policy_at(start.at)
    for duty in duties:
        if policy is not None and policy.rule_for(duty, start.type, start.emergent) is not None:
            yield (start.assignment_id or start.subject_id, duty), start


def _wrong_start(row: Row, event: Mapping[str, Any], cause: Start, known: References) -> str | None:
    policy = known.policy_at(cause.at)
    if policy is None:
        return f"no policy was effective at {cause.at.isoformat()}"
    versions = event["calendar_versions"]
    due = policy.deadline(row["duty"], cause.type, cause.emergent, cause.at, known.calendar(versions))
    computed: dict[str, Any] = {
        "started_at": cause.at,
        "due_at": due.due_at,
        "warn_at": due.warn_at,
        "calendar_status": due.calendar_status,
        "calendar_versions": dict(due.calendar_versions),
        "policy_version": policy.version,
    }
    told = {name: instant(event[name]) if name.endswith("_at") else event[name] for name in computed}
    if told != computed:
        return _difference("its start", told, computed)
    if row["reopened_at"] is not None:
        del (
            computed["due_at"],
            computed["warn_at"],
            computed["calendar_status"],
            computed["calendar_versions"],
        )
    kept = {name: row[name] for name in computed}
    if "calendar_versions" in kept:
        kept["calendar_versions"] = orjson.loads(kept["calendar_versions"])
    return None if kept == computed else _difference("its row", kept, computed)


def _difference(where: str, found: Mapping[str, Any], computed: Mapping[str, Any]) -> str:
    parts = [
        f"{name} {found[name]} instead of {computed[name]}"
        for name in computed
        if found[name] != computed[name]
    ]
    return f"{where} has {', '.join(parts)}"
