"""Which cards the audit accepts for a clock, from the start to the microsecond after the deadline."""

from datetime import datetime, timedelta

import pytest

from .paper_system import MICROSECOND, PaperClock, PaperSystem

START = datetime.fromisoformat("2026-02-13T10:00:00+08:00")
WARN = START + timedelta(hours=4)
DUE = START + timedelta(hours=12)
GREEN, YELLOW, RED = ("green", START), ("yellow", WARN), ("red", DUE)


def judged(cards: list[tuple[str, datetime]], *, stopped_at: datetime | None = None, **row: object) -> bool:
    """Whether the audit accepts these cards."""
    system = PaperSystem(watermarks={"routing.tickets": START + timedelta(days=30)})
    clock = PaperClock(system, START, WARN, DUE)
    for colour, at in cards:
        clock.card(colour, at)
    if stopped_at is not None:
        clock.met(stopped_at)
    clock.row.update(row)
    return "cards" not in system.violated()


@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("stopped_at", "right"),
    [
        (WARN - MICROSECOND, [GREEN]),
        (WARN, [GREEN]),
        (WARN + MICROSECOND, [GREEN, YELLOW]),
        (DUE, [GREEN, YELLOW]),
        (DUE + MICROSECOND, [GREEN, YELLOW, RED]),
    ],
)
def test_a_stop_at_the_very_instant_prevents_the_card_and_one_after_it_does_not(
    stopped_at: datetime, right: list[tuple[str, datetime]]
) -> None:
    every = [[GREEN], [GREEN, YELLOW], [GREEN, YELLOW, RED]]
    assert [cards for cards in every if judged(cards, stopped_at=stopped_at)] == [right]


def test_a_card_of_another_instant_a_doubled_one_and_a_skipped_one_are_violations() -> None:
    late = DUE + timedelta(days=1)
    assert not judged([GREEN, ("yellow", WARN + MICROSECOND)], stopped_at=DUE)
    assert not judged([GREEN, YELLOW, YELLOW], stopped_at=DUE)
    assert not judged([GREEN, RED], stopped_at=late)
    assert not judged([YELLOW, RED], stopped_at=late)


def test_a_running_clock_that_is_armed_for_its_next_card_only_lags() -> None:
    assert judged([GREEN], next_transition_at=WARN)
    assert judged([GREEN, YELLOW], next_transition_at=DUE)
    assert judged([GREEN, YELLOW, RED], next_transition_at=None)


def test_a_running_clock_that_will_never_show_its_next_card_is_a_violation() -> None:
    assert not judged([GREEN], next_transition_at=None)
    assert not judged([GREEN, YELLOW], next_transition_at=DUE + MICROSECOND)
    assert not judged([], next_transition_at=WARN)


def test_a_red_card_before_anything_says_that_its_instant_has_passed_is_false() -> None:
    system = PaperSystem(watermarks={"routing.tickets": DUE})
    clock = PaperClock(system, START, WARN, DUE)
    for colour, at in (GREEN, YELLOW, RED):
        clock.card(colour, at)
    assert "cards" in system.violated(), "complete before DUE: a stop at DUE itself may still come"
    system.watermarks["routing.tickets"] = DUE + MICROSECOND
    assert "cards" not in system.violated()


def test_a_card_that_does_not_stand_needs_the_fact_that_withdrew_it() -> None:
    system = PaperSystem()
    clock = PaperClock(system, START, WARN, DUE)
    clock.card(*GREEN)
    clock.row["next_transition_at"] = WARN
    assert "cards" not in system.violated()
    system.tables["sla"]["cards"][0]["standing"] = False
    assert "cards" in system.violated()
