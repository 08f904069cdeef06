"""What the audit makes of a redo and of a follow-up: each from the facts of its own topic."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hotline_worktime.calendars import national_calendars
from hotline_worktime.policy import POLICY_1

from .paper_system import MICROSECOND, PaperClock, PaperSystem, named

APPROVED = datetime.fromisoformat("2026-03-06T10:00:00+08:00")  # a Friday
WARN = datetime.fromisoformat("2026-03-10T17:00:00+08:00")
DUE = datetime.fromisoformat("2026-03-11T17:00:00+08:00")
ORDERED = datetime.fromisoformat("2026-09-28T10:00:00+08:00")  # worked example 7
REDO_WARN = datetime.fromisoformat("2026-10-09T17:00:00+08:00")
REDO_DUE = datetime.fromisoformat("2026-10-10T17:00:00+08:00")
LOOKED_AT = {"deadlines", "consumed", "clocks", "cards"}


@pytest.fixture
def system() -> PaperSystem:
    """Policy 1 and the notice of 2026 on their topics."""
    made = PaperSystem()
    made.publish(
        "reference.policies", 1, "reference.policy.published.v1", APPROVED, sequence=1,
        **POLICY_1.model_dump(mode="json"),
    )  # fmt: skip
    year = next(year for year in national_calendars() if year.year == 2026)
    days = [{"date": day.on.isoformat(), "working": day.working, "name": day.name} for day in year.days]
    made.publish(
        "reference.calendars", "national:2026:1", "reference.calendar.published.v1", APPROVED, sequence=1,
        layer=year.layer, year=year.year, version=1, status=year.status, source=year.source, days=days,
    )  # fmt: skip
    return made


class FollowUp:
    """A follow-up with its clock; ``told`` are the facts that sla has applied."""

    def __init__(self, system: PaperSystem) -> None:
        self.system = system
        self.told = 0
        self.tell("opened", APPROVED + MICROSECOND, unit="520402", since=APPROVED.isoformat())
        self.clock = PaperClock(
            system, APPROVED, WARN, DUE, duty="follow_up", calendar_versions={"national:2026": 1}
        )
        self.clock.card("green", APPROVED)
        self.clock.row["next_transition_at"] = WARN

    def tell(self, kind: str, at: datetime, **more: Any) -> None:
        self.told += 1
        self.system.publish(
            "evaluation.ratings", named("ticket"), f"evaluation.follow_up.{kind}.v1", at, sequence=self.told,
            ticket_id=str(named("ticket")), round=1, hash="", follow_up_id=str(named("follow-up")), **more,
        )  # fmt: skip

    def violated(self) -> set[str]:
        self.system.tables["sla"]["positions"] = []
        self.system.position("sla", "evaluation.ratings", self.told)
        return self.system.violated() & LOOKED_AT


@pytest.fixture
def follow_up(system: PaperSystem) -> FollowUp:
    return FollowUp(system)


@pytest.mark.rule("H4")
def test_a_follow_up_that_counts_from_the_approval_is_accepted(follow_up: FollowUp) -> None:
    assert follow_up.violated() == set()
    follow_up.clock.row.update(started_at=APPROVED + MICROSECOND)
    assert follow_up.violated() == {"deadlines"}


@pytest.mark.rule("H4")
def test_its_end_is_what_the_fact_says(follow_up: FollowUp) -> None:
    follow_up.tell("ended", DUE, outcome="rated")
    assert follow_up.violated() == {"clocks"}, "it still runs"
    follow_up.clock.card("yellow", WARN)
    follow_up.clock.met(DUE)
    follow_up.clock.row["next_transition_at"] = None
    assert follow_up.violated() == set()


@pytest.mark.rule("H4")
def test_what_was_not_needed_is_cancelled_and_not_met(follow_up: FollowUp) -> None:
    follow_up.tell("ended", WARN, outcome="not_needed")
    follow_up.clock.cancelled(WARN)
    follow_up.clock.row["next_transition_at"] = None
    assert follow_up.violated() == set()
    follow_up.clock.row["state"] = "met"
    assert follow_up.violated() == {"clocks"}


@pytest.mark.rule("T3")
def test_a_red_follow_up_needs_the_watermark_of_its_own_topic(follow_up: FollowUp) -> None:
    follow_up.clock.card("yellow", WARN)
    follow_up.clock.card("red", DUE)
    follow_up.clock.row["next_transition_at"] = None
    follow_up.system.watermarks["routing.tickets"] = DUE + timedelta(days=9)
    assert follow_up.violated() == {"cards"}, "an end may still wait in evaluation.ratings"
    follow_up.system.watermarks["evaluation.ratings"] = DUE + MICROSECOND
    assert follow_up.violated() == set()


def test_a_follow_up_without_a_clock_and_a_clock_without_a_follow_up_are_violations(
    follow_up: FollowUp,
) -> None:
    follow_up.clock.row["unit"] = "520402"
    assert follow_up.violated() == {"consumed"}, "it is no unit's"
    follow_up.clock.row.update(unit=None, subject_id=named("another"))
    assert "consumed" in follow_up.violated()


class Redo:
    """An ordered redo with its clock."""

    def __init__(self, system: PaperSystem) -> None:
        self.system = system
        self.told = 0
        self.tell(
            "redo_ordered", ORDERED, unit="520402", type="complaint", emergent=None, rating_id=str(named("r"))
        )
        self.clock = PaperClock(
            system, ORDERED, REDO_WARN, REDO_DUE, duty="redo", round=2, calendar_versions={"national:2026": 1}
        )
        self.clock.card("green", ORDERED)
        self.clock.row["next_transition_at"] = REDO_WARN

    def tell(self, kind: str, at: datetime, round_: int = 2, **more: Any) -> None:
        self.told += 1
        self.system.publish(
            "routing.tickets", named("ticket"), f"routing.ticket.{kind}.v1", at, sequence=self.told,
            ticket_id=str(named("ticket")), round=round_, hash="", assignment_id=str(named("assignment")), **more,
        )  # fmt: skip

    def reply(self, at: datetime, round_: int = 2) -> None:
        self.tell("replied", at, round_, unit="520402", determination="solved", text_id=str(named("t")))

    def violated(self) -> set[str]:
        self.system.tables["sla"]["positions"] = []
        self.system.position("sla", "routing.tickets", self.told)
        return self.system.violated() & LOOKED_AT


@pytest.fixture
def redo(system: PaperSystem) -> Redo:
    return Redo(system)


@pytest.mark.rule("I3")
def test_a_redo_that_counts_from_its_order_is_accepted_and_another_deadline_is_not(redo: Redo) -> None:
    assert redo.violated() == set()
    redo.clock.row["due_at"] += timedelta(days=1)
    assert "deadlines" in redo.violated()


@pytest.mark.rule("I3")
def test_only_a_reply_of_round_2_meets_it(redo: Redo) -> None:
    redo.reply(REDO_WARN, 1)
    assert redo.violated() == set(), "a fact of round 1 is none of its business"
    redo.reply(REDO_WARN)
    assert redo.violated() == {"clocks"}
    redo.clock.met(REDO_WARN)
    redo.clock.row["next_transition_at"] = None
    assert redo.violated() == set()


def test_a_redo_whose_clock_was_lost_is_a_violation(redo: Redo) -> None:
    redo.system.tables["sla"]["clocks"].clear()
    redo.system.tables["sla"]["cards"].clear()
    assert redo.violated() == {"consumed"}


@pytest.mark.rule("I3")
def test_a_first_rating_that_routing_lost_changed_or_invented_is_a_violation(system: PaperSystem) -> None:
    def broken(**changes: object) -> bool:
        system.tables["routing"]["first_ratings"] = [kept | changes]
        return "consumed" in system.violated()

    kept = {
        "ticket_id": named("ticket"),
        "rating_id": named("r"),
        "level": "dissatisfied",
        "redo_requested": True,
    }
    system.publish(
        "evaluation.ratings", named("ticket"), "evaluation.rating.given.v1", APPROVED, sequence=1,
        ticket_id=str(named("ticket")), round=1, hash="", rating_id=str(named("r")), follow_up_id=str(named("f")),
        unit="520402", level="dissatisfied", solved=False, redo_requested=True, via="phone",
    )  # fmt: skip
    system.position("routing", "evaluation.ratings", 1)
    assert not broken()
    assert broken(level="satisfied")
    assert broken(rating_id=named("other"))
    assert broken(ticket_id=named("other"))
    system.tables["routing"]["first_ratings"] = []
    assert "consumed" in system.violated()
