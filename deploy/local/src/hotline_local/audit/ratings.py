"""What people said, and what counts: ``follow-ups``, ``ratings`` and ``measured-clocks``.

Derived from routing's and sla's facts as far as evaluation has applied them, and from the ratings' own.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .findings import Findings
from .snapshot import Record, Snapshot, instant

DISPATCHED = "routing.ticket.dispatched.v1"
APPROVED = "routing.ticket.reply_approved.v1"
REFUSED = "routing.ticket.redo_refused.v1"
CLOSED = "routing.ticket.closed.v1"
GIVEN = "evaluation.rating.given.v1"
FORMED = "evaluation.rating.formed.v1"
MEASURED = frozenset({"handle", "redo"})
"""Duties that on time is made of. Source: rule N9."""


def check(snapshot: Snapshot, findings: Findings) -> None:
    tickets = _read_tickets(snapshot)
    _check_follow_ups(tickets, snapshot, findings)
    _check_ratings(tickets, snapshot, findings)
    _check_measured_clocks(snapshot, findings)


@dataclass
class _Ticket:
    """What routing has told evaluation of a ticket, as far as it was applied.

    Attributes:
        approved: the approval of each round's reply, with the unit that gave it.
        refused: ratings whose redo was refused.
    """

    units: dict[str, str] = field(default_factory=dict)
    approved: dict[int, tuple[datetime, str | None]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    closed: bool = False


def _read_tickets(snapshot: Snapshot) -> Mapping[str, _Ticket]:
    tickets: dict[str, _Ticket] = defaultdict(_Ticket)
    for record in snapshot.consumed("evaluation", "routing.tickets"):
        ticket, kind, data = tickets[record.known.subject], record.known.type, record.data
        if kind == DISPATCHED:
            ticket.units.update({given["assignment_id"]: given["unit"] for given in data["assignments"]})
        elif kind == APPROVED:
            ticket.approved[data["round"]] = record.at, ticket.units.get(data["assignment_id"])
        elif kind == REFUSED:
            ticket.refused.add(data["rating_id"])
        elif kind == CLOSED:
            ticket.closed = True
    return tickets


def _check_follow_ups(tickets: Mapping[str, _Ticket], snapshot: Snapshot, findings: Findings) -> None:
    """One follow-up for each approved reply, since its very instant, for its unit; and no other."""
    rows = {
        (str(row["ticket_id"]), row["round"]): (row["since"], row["unit"])
        for row in snapshot.services["evaluation"]["follow_ups"]
    }
    owed = {
        (subject, number): approval
        for subject, ticket in tickets.items()
        for number, approval in ticket.approved.items()
    }
    for name in rows.keys() | owed.keys():
        findings.require(
            rows.get(name) == owed.get(name),
            "follow-ups",
            f"{name[0]} round {name[1]}",
            f"is {rows.get(name)}, the approved reply asks for {owed.get(name)}",
        )


def _check_ratings(tickets: Mapping[str, _Ticket], snapshot: Snapshot, findings: Findings) -> None:
    """Each row says what its fact said, and is formed exactly if it may count."""
    given: dict[str, Record] = {}
    formed: dict[str, Record] = {}
    for sequences in snapshot.events("evaluation.ratings").values():
        for record in sequences.values():
            if record.known.type in {GIVEN, FORMED} and snapshot.settled(record):
                (given if record.known.type == GIVEN else formed)[record.data["rating_id"]] = record
    rows = {str(row["rating_id"]): row for row in snapshot.services["evaluation"]["ratings"]}
    for rating_id in rows.keys() | given.keys():
        row, fact = rows.get(rating_id), given.get(rating_id)
        if row is None or fact is None:
            findings.violated("ratings", rating_id, "has no fact" if row else "has no row")
            continue
        findings.checked("ratings")
        said = {name: fact.data[name] for name in ("round", "unit", "level", "solved", "redo_requested")}
        differ = [name for name, value in said.items() if row[name] != value]
        if differ:
            findings.violated("ratings", rating_id, f"differs from {fact.place} in {', '.join(differ)}")
        wrong = _wrong_forming(row, formed.get(rating_id), tickets.get(str(row["ticket_id"]), _Ticket()))
        if wrong is not None:
            findings.violated("ratings", rating_id, wrong)
    for rating_id in formed.keys() - rows.keys():
        findings.violated("ratings", rating_id, "was formed and has no row")


def _wrong_forming(row: Any, formed: Record | None, ticket: _Ticket) -> str | None:
    """What is wrong with a rating being formed, or not. Source: rule I3."""
    if row["formed_at"] != (formed and formed.at):
        return f"formed_at is {row['formed_at']}, the fact says {formed and formed.at}"
    at_once = not row["redo_requested"] or row["round"] > 1
    decided = str(row["rating_id"]) in ticket.refused
    if formed is None and (at_once or decided):
        return "nothing is left to decide, and it is not formed"
    # The first one also stands where no second one can come any more: closed, or nobody reached after the redo.
    ended = ticket.closed or row["round"] + 1 in ticket.approved
    if formed is not None and not (at_once or decided or ended):
        return "is formed although its redo is not decided"
    return None


def _check_measured_clocks(snapshot: Snapshot, findings: Findings) -> None:
    """The copies that on-time rates count are what sla's facts made of each clock."""
    told: dict[str, tuple[str, datetime | None, str, bool]] = {}
    for record in snapshot.consumed("evaluation", "sla.clocks"):
        data = record.data
        if data["duty"] not in MEASURED or data["ticket_id"] is None:
            continue
        unit, due_at, state, red = told.get(data["clock_id"], (data["unit"], None, "running", False))
        match record.known.type:
            case "sla.clock.started.v1" | "sla.clock.reopened.v1":
                due_at, state = instant(data["due_at"]), "running"
            case "sla.clock.met.v1":
                state = data["state"]
            case "sla.clock.cancelled.v1":
                state = "cancelled"
            case "sla.card.issued.v1":
                red = red or data["card"] == "red"
        told[data["clock_id"]] = unit, due_at, state, red
    rows = {
        str(row["clock_id"]): (row["unit"], row["due_at"], row["state"], row["red"])
        for row in snapshot.services["evaluation"]["duty_clocks"]
    }
    for clock_id in rows.keys() | told.keys():
        findings.require(
            rows.get(clock_id) == told.get(clock_id),
            "measured-clocks",
            clock_id,
            f"is {rows.get(clock_id)}, its facts say {told.get(clock_id)}",
        )
