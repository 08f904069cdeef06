"""The hotline's own clock: to ask the requester within three working days of the approved reply."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.ids import derived_id
from sla_svc.domain.driving import HELD_WITH, PASSED_BY, STOPPED_BY, duties_by_topics
from sla_svc.domain.effects import EFFECTS, TOPIC_OF, HappeningKind, fold

Local = Callable[[str], datetime]
MICROSECOND = timedelta(microseconds=1)


def follow_up_of(ticket: Any) -> Any:
    [found] = [clock for clock in ticket.clocks.values() if clock.duty == "follow_up"]
    return found


def cards_of(ticket: Any) -> list[tuple[str | None, str, datetime]]:
    return [
        (change.was, change.clock.card, change.at)
        for change in ticket.changes
        if change.kind == "card" and change.clock.duty == "follow_up"
    ]


@pytest.mark.rule("H4")
@pytest.mark.rule("T4")
def test_a_follow_up_counts_from_the_approval_though_it_is_opened_later(ticket: Any, local: Local) -> None:
    approved = local("2026-03-06 10:00")  # a Friday
    opened = ticket.follow_up("follow_up_opened", local("2026-03-06 10:05"), since=approved)
    ticket.fold([opened])
    clock = follow_up_of(ticket)
    assert (clock.started_at, clock.warn_at, clock.due_at) == (
        approved,
        local("2026-03-10 17:00"),
        local("2026-03-11 17:00"),
    )
    assert (clock.ticket_id, clock.unit, clock.assignment_id, clock.type) == (ticket.id, None, None, None)
    assert clock.subject_id == opened.follow_up_id
    assert clock.clock_id == derived_id("clock", opened.cause_id, opened.follow_up_id, "follow_up", 1)
    assert clock.key == ticket.id
    ticket.advance(local("2026-04-01 00:00"))
    assert cards_of(ticket) == [
        (None, "green", approved),
        ("green", "yellow", local("2026-03-10 17:00")),
        ("yellow", "red", local("2026-03-11 17:00")),
    ]


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
    ("kind", "state"), [("follow_up_done", "met"), ("follow_up_not_needed", "cancelled")]
)
def test_its_end_meets_it_and_what_is_not_needed_any_more_is_cancelled(
    ticket: Any, local: Local, kind: HappeningKind, state: str
) -> None:
    approved, ended = local("2026-03-06 10:00"), local("2026-03-11 17:00")
    ticket.fold([ticket.follow_up("follow_up_opened", approved + MICROSECOND, since=approved)])
    ticket.fold([ticket.follow_up(kind, ended)])
    assert (follow_up_of(ticket).state, follow_up_of(ticket).stopped_at) == (state, ended)
    assert [card for _, card, _ in cards_of(ticket)] == ["green", "yellow"], "at the deadline is in time"


@pytest.mark.rule("H4")
def test_a_follow_up_that_ends_after_its_deadline_was_late(ticket: Any, local: Local) -> None:
    approved = local("2026-03-06 10:00")
    ticket.fold([ticket.follow_up("follow_up_opened", approved + MICROSECOND, since=approved)])
    ticket.fold([ticket.follow_up("follow_up_done", local("2026-03-11 17:00") + MICROSECOND)])
    assert follow_up_of(ticket).state == "late"


@pytest.mark.rule("H4")
def test_each_round_has_a_follow_up_of_its_own(ticket: Any, local: Local) -> None:
    first, second = local("2026-03-06 10:00"), local("2026-03-09 10:00")
    ticket.fold(
        [
            ticket.follow_up("follow_up_opened", first + MICROSECOND, since=first),
            ticket.follow_up("follow_up_done", second - MICROSECOND),
            ticket.follow_up("follow_up_opened", second + MICROSECOND, since=second, round=2),
        ]
    )
    assert {(clock.round, clock.state) for clock in ticket.clocks.values()} == {(1, "met"), (2, "running")}


def test_an_end_without_a_clock_changes_nothing(ticket: Any, local: Local) -> None:
    """A policy without a limit for it starts none."""
    assert ticket.fold([ticket.follow_up("follow_up_done", local("2026-03-11 17:00"))]) == []


@pytest.mark.rule("T3")
def test_a_fact_of_one_topic_lets_no_time_pass_for_a_clock_that_another_topic_stops(
    ticket: Any, local: Local
) -> None:
    """Its stop may lie in records that nobody has read here."""
    approved, much_later = local("2026-03-06 10:00"), local("2026-04-01 00:00")
    ticket.fold([ticket.dispatched(approved)])
    ticket.fold([ticket.follow_up("follow_up_opened", approved + MICROSECOND, since=approved)])
    both = {i: clock._replace(subject_id=ticket.id) for i, clock in ticket.clocks.items()}
    changes = fold(both, ticket.act("signed", much_later), ticket.rulebook)
    assert {change.clock.duty for change in changes} == {"sign", "handle", "return_window"}
    ended = ticket.follow_up("follow_up_done", much_later)._replace(follow_up_id=None)
    both = {i: clock._replace(subject_id=ticket.id) for i, clock in ticket.clocks.items()}
    changes = fold(both, ended, ticket.rulebook)
    assert {change.clock.duty for change in changes} == {"follow_up"}


def test_every_duty_is_started_and_stopped_by_facts_of_its_own_topics() -> None:
    assert set(TOPIC_OF) == set(get_args(HappeningKind))
    for effect in EFFECTS:
        assert TOPIC_OF[effect.on] in STOPPED_BY[effect.duty], effect
        if effect.does == "start":
            assert STOPPED_BY[effect.duty] == (TOPIC_OF[effect.on],), effect
    assert {effect.duty for effect in EFFECTS} == set(STOPPED_BY)


def test_every_duty_stands_in_exactly_one_group_and_its_topics_exist() -> None:
    groups = [duty for _, duties in duties_by_topics() for duty in duties]
    assert sorted(groups) == sorted(STOPPED_BY)
    assert {topic for topics in STOPPED_BY.values() for topic in topics} <= set(PARTITIONS)
    assert PASSED_BY["evaluation.ratings"] == HELD_WITH["evaluation.ratings"] == {"follow_up"}
    assert PASSED_BY["routing.tickets"] == STOPPED_BY.keys() - {"follow_up"}
