"""What the table and the JSON show, made from the readings."""

from datetime import datetime
from typing import Any

import msgspec

from hotline_local.city.plan import Plan, Spec
from hotline_local.city.readback import Readings, Row, totals_of

LATEST_REDS = 5


class Red(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    ticket_no: str
    subject: str | None
    duty: str
    unit: str
    why: str


class Interim(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's interim opinion on one ticket, as its clock stands."""

    ticket_no: str
    unit: str
    delivered_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    state: str
    card: str


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """A burst of emergent calls: its tickets' interim opinions, in order of delivery."""

    title: str
    began: datetime
    calls: int
    units: list[str]
    interims: list[Interim]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's line of the scorecard; an indicator without data is None."""

    code: str
    name: str
    group: str
    score: str
    rank: int | None
    bottom: bool
    on_time: tuple[int, int] | None
    solved: tuple[int, int] | None
    satisfied: tuple[int, int] | None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is shown.

    Attributes:
        month: whose scorecard is shown.
        differences: from the independent reckoning when all was played, None if it was not compared.
    """

    spec: Spec
    begins: datetime
    now: datetime
    totals: dict[str, Any]
    emergencies: list[Emergency]
    reds: list[Red]
    month: str
    standings: list[Standing]
    entries: int
    differences: list[str] | None


def make_sheet(plan: Plan, month: str, read: Readings, found: list[str] | None) -> Sheet:
    """Bring the readings into the order in which they are shown."""
    return Sheet(
        spec=plan.spec,
        begins=plan.begins,
        now=read.now,
        totals=totals_of(read),
        emergencies=_emergencies(plan, read),
        reds=_reds(read),
        month=month,
        standings=[_standing(row, read.units) for row in read.scorecards.get(month, [])],
        entries=read.entries,
        differences=found,
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _reds(read: Readings) -> list[Red]:
    tickets = {row["ticket_id"]: row for row in read.tickets}
    latest = sorted(
        (row for row in read.cards if row["card"] == "red"),
        key=lambda row: (_instant(row["at"]), tickets[row["ticket_id"]]["ticket_no"], row["duty"]),
        reverse=True,
    )
    return [
        Red(
            at=_instant(row["at"]),
            ticket_no=tickets[row["ticket_id"]]["ticket_no"],
            subject=tickets[row["ticket_id"]]["subject"],
            duty=row["duty"],
            unit=read.units.get(row["unit"], ""),
            why=row["why"],
        )
        for row in latest[:LATEST_REDS]
    ]


def _emergencies(plan: Plan, read: Readings) -> list[Emergency]:
    tickets = {row["ticket_id"]: row for row in read.tickets}
    found = []
    for occasion in plan.occasions:
        refs = {life.ref for life in plan.lives if life.event == occasion.name}
        ours = {ticket_id for ticket_id, ref in read.refs.items() if ref in refs}
        clocks = [
            row for row in read.clocks if row["ticket_id"] in ours and row["duty"] == "interim_feedback"
        ]
        if not clocks:
            continue
        interims = [_interim(row, tickets[row["ticket_id"]]["ticket_no"], read.units) for row in clocks]
        interims.sort(key=lambda one: (one.delivered_at, one.ticket_no, one.unit))
        found.append(
            Emergency(
                title=occasion.title,
                began=occasion.began,
                calls=len(ours),
                units=list(dict.fromkeys(one.unit for one in interims)),
                interims=interims,
            )
        )
    return found


def _interim(row: Row, ticket_no: str, units: dict[str, str]) -> Interim:
    return Interim(
        ticket_no=ticket_no,
        unit=units[row["unit"]],
        delivered_at=_instant(row["started_at"]),
        due_at=_instant(row["due_at"]),
        stopped_at=_instant(row["stopped_at"]) if row["stopped_at"] else None,
        state=row["state"],
        card=row["card"],
    )


def _standing(row: Row, units: dict[str, str]) -> Standing:
    rates = {one["name"]: (one["numerator"], one["denominator"]) for one in row["indicators"]}
    return Standing(
        code=row["unit"],
        name=units[row["unit"]],
        group=row["group"],
        score=f"{row['score']:.2f}",
        rank=row["rank"],
        bottom=row["bottom"],
        on_time=rates.get("on_time"),
        solved=rates.get("solved"),
        satisfied=rates.get("satisfied"),
    )
