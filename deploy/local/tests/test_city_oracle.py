"""The oracle of the city day: it agrees with worktime, and its rules are those of the catalogue."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_contracts.values import TicketType
from hotline_local.city.oracle import expected_totals, timers
from hotline_local.city.oracle.scores import months_of
from hotline_local.city.oracle.tickets import Ticket, ticket_at
from hotline_local.city.oracle.timers import Timer
from hotline_local.city.plan import Act, Doing, Life, Plan, Spec
from hotline_local.city.readback import differences
from hotline_local.city.workdays import SHANGHAI
from hotline_worktime.calendars import WorkCalendar
from hotline_worktime.deadlines import Deadline
from hotline_worktime.policy import POLICY_1, Duty, Emergent
from hotline_worktime.seeds import national_calendars

FIRST, LAST = datetime.fromisoformat("2026-01-05"), datetime.fromisoformat("2026-11-30")
CALENDAR = WorkCalendar.of(national_calendars())
ENDS = datetime(2026, 5, 22, 18, tzinfo=SHANGHAI)
TYPES: tuple[TicketType, ...] = ("consultation", "help", "opinion", "suggestion", "complaint", "report")
"""All but praise, to which no answer is owed."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def by_worktime(duty: Duty, kind: TicketType, emergent: Emergent | None, start: datetime) -> Deadline:
    return POLICY_1.deadline(duty, kind, emergent, start, CALENDAR)


def same(timer: Timer, deadline: Deadline) -> bool:
    return (timer.due, timer.warn) == (deadline.due_at, deadline.warn_at)


@given(st.datetimes(FIRST, LAST), st.sampled_from(TYPES))
def test_its_deadlines_are_those_of_worktime(naive: datetime, kind: TicketType) -> None:
    start = naive.replace(tzinfo=SHANGHAI)
    consultation = kind == "consultation"
    handle = timers.in_working_days("handle", "U", start, timers.HANDLE[kind], consultation=consultation)
    redo = timers.in_working_days("redo", "U", start, timers.REDO[kind], consultation=consultation)
    assert same(handle, by_worktime("handle", kind, None, start))
    assert same(redo, by_worktime("redo", kind, None, start))
    assert same(timers.sign_timer("U", start, kind, None), by_worktime("sign", kind, None, start))


@given(st.datetimes(FIRST, LAST), st.sampled_from(["area_outage", "public_safety", "natural_disaster"]))
def test_its_urgent_deadlines_are_those_of_worktime(naive: datetime, emergent: Emergent) -> None:
    start = naive.replace(tzinfo=SHANGHAI)
    assert same(timers.sign_timer("U", start, "help", emergent), by_worktime("sign", "help", emergent, start))
    interim = timers.in_minutes("interim_feedback", "U", start, 120, 30)
    assert same(interim, by_worktime("interim_feedback", "help", emergent, start))


def test_its_follow_ups_are_due_when_worktime_says() -> None:
    start = at("04-30T16:00")
    timer = timers.in_working_days("follow_up", "U", start, timers.FOLLOW_UP)
    assert same(timer, by_worktime("follow_up", "help", None, start))
    assert timer.due == at("05-08T17:00")


def life(*acts: tuple[str, Doing, dict[str, object]], kind: str = "help", hold: bool = False) -> Life:
    return Life(
        ref="1",
        at=at("04-30T09:00"),
        body={"channel": "phone", "type": kind, "decision": "hold" if hold else None},
        lead="520402",
        acts=tuple(
            Act(at=at(when), do=do, unit="520402" if do in {"sign", "reply", "dispatch"} else None, body=body)
            for when, do, body in acts
        ),
    )


HANDLED: tuple[tuple[str, Doing, dict[str, object]], ...] = (
    ("04-30T09:20", "dispatch", {}),
    ("04-30T10:00", "sign", {}),
    ("05-11T16:00", "reply", {}),
)
DISSATISFIED = {"level": "dissatisfied", "solved": False, "redo_requested": True}


def timer_of(ticket: Ticket, duty: str) -> Timer:
    (found,) = ticket.of_duty(duty)
    return found


@pytest.mark.rule("T3")
def test_exactly_at_the_deadline_is_in_time_and_a_second_later_is_not() -> None:
    met = ticket_at(life(*HANDLED[:2], ("05-11T17:00", "reply", {})), ENDS)
    late = ticket_at(life(*HANDLED[:2], ("05-11T17:00:01", "reply", {})), ENDS)
    assert (timer_of(met, "handle").state, timer_of(met, "handle").cards) == ("met", ["green", "yellow"])
    assert (timer_of(late, "handle").state, timer_of(late, "handle").cards[-1]) == ("late", "red")


def test_a_first_rejection_gives_a_day_and_a_second_none() -> None:
    twice = life(
        *HANDLED,
        ("05-11T16:30", "reply/reject", {}),
        ("05-12T10:00", "reply", {}),
        ("05-12T16:30", "reply/reject", {}),
        ("05-13T09:00", "reply", {}),
    )
    # Due on the 12th at 17:00, so it warns anew from the 11th at 17:00.
    cards = ["green", "yellow", "green", "yellow", "red"]
    assert timer_of(ticket_at(twice, ENDS), "handle").cards == cards
    once = ticket_at(life(*HANDLED, ("05-11T16:30", "reply/reject", {}), ("05-12T17:00", "reply", {})), ENDS)
    assert timer_of(once, "handle").state == "met"


@pytest.mark.rule("I3")
def test_a_second_rating_counts_and_a_first_one_where_no_second_comes() -> None:
    redone = (
        *HANDLED,
        ("05-11T16:30", "reply/approve", {}),
        ("05-12T10:00", "rate", DISSATISFIED),
        ("05-12T11:00", "redo", {}),
        ("05-13T11:00", "reply", {}),
        ("05-13T12:00", "reply/approve", {}),
    )
    pending = ticket_at(life(*redone), ENDS)
    assert (pending.formed, timer_of(pending, "redo").state) == (None, "met")
    again = {"level": "satisfied", "solved": True, "redo_requested": False}
    counted = ticket_at(life(*redone, ("05-14T10:00", "rate", again)), ENDS).formed
    assert counted is not None
    assert counted.level == "satisfied"
    first = ticket_at(life(*redone, ("05-14T10:00", "attempt", {"outcome": "refused"})), ENDS).formed
    assert first is not None
    assert first.level == "dissatisfied"


def test_three_calls_on_one_day_end_no_follow_up() -> None:
    approved = (*HANDLED, ("05-11T16:05", "reply/approve", {}))
    calls = [(f"05-12T{hour}:00", "attempt", {"outcome": "unreachable"}) for hour in (10, 11, 12)]
    assert ticket_at(life(*approved, *calls), ENDS).follow_ups == [None]  # type: ignore[arg-type]
    later = ("05-13T10:00", "attempt", {"outcome": "call_later"})
    assert ticket_at(life(*approved, *calls, later), ENDS).follow_ups == ["unreachable"]  # type: ignore[arg-type]


@pytest.mark.rule("N10")
def test_ties_share_a_rank_and_the_bottom_is_never_a_part_of_a_tie() -> None:
    units = ["520402", "520403", "520422", "520423", "520424", "520425"]
    good: list[tuple[str, Doing, dict[str, object]]] = [
        ("04-30T09:20", "dispatch", {}),
        ("04-30T10:00", "sign", {}),
        ("05-07T16:00", "reply", {}),
    ]
    bad = good[:2]

    def tickets(unit: str, late: int) -> list[Ticket]:
        lives = [life(*(bad if number < late else good)) for number in range(5)]
        return [ticket_at(_led_by(one, unit), ENDS) for one in lives]

    late = dict(zip(units, (0, 0, 1, 2, 3, 3), strict=True))
    month = months_of([ticket for unit in units for ticket in tickets(unit, late[unit])])["2026-05"]
    assert [month[unit]["rank"] for unit in units] == [1, 1, 3, 4, 5, 5]
    assert not any(month[unit]["bottom"] for unit in units)
    assert month["520422"]["score"] == "80.00"
    month = months_of(ticket for unit in units[:5] for ticket in tickets(unit, late[unit]))["2026-05"]
    assert [unit for unit in units[:5] if month[unit]["bottom"]] == ["520424"]


def _led_by(one: Life, unit: str) -> Life:
    acts = tuple(Act(at=act.at, do=act.do, unit=unit, body=act.body) for act in one.acts)
    return Life(ref=one.ref, at=one.at, body=one.body, lead=unit, acts=acts)


def test_differences_name_the_place_and_both_values() -> None:
    lives = (life(*HANDLED), life(("04-30T09:10", "decline", {"reason": "secrecy"}), hold=True))
    plan = Plan(spec=Spec(), begins=at("04-30T08:00"), ends=ENDS, lives=lives, occasions=())
    expected, found = expected_totals(plan), expected_totals(plan)
    assert differences(expected, found) == []
    found["cards"]["handle"]["red"] = 1
    found["requests"]["declined"] = {}
    assert differences(expected, found) == [
        "/cards/handle/red: None ≠ 1",
        "/requests/declined/secrecy: 1 ≠ None",
    ]
