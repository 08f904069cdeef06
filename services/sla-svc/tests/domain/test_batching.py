"""Who lets time pass, and in how many steps, changes nothing about any card."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_svc.domain.clocks import Change, card_id_of, event_id_of

START = datetime(2026, 2, 10, 1, tzinfo=UTC)
NewTicket = Callable[[], Any]
Gaps = st.lists(
    # Minutes, hours and days between two acts, and the exact instants of rules, which are multiples of an hour.
    st.one_of(
        st.integers(1, 10**6),
        st.integers(1, 90).map(lambda m: m * 60_000_000),
        st.integers(1, 240).map(lambda h: h * 3_600_000_000),
    ),
    min_size=9,
    max_size=9,
)


def happenings(ticket: Any, type_: Any, emergent: Any, gaps: list[int]) -> list[Any]:
    """A life with two rejections; how far it gets is up to the caller."""
    instants = []
    at = START
    for gap in gaps:
        at += timedelta(microseconds=gap)
        instants.append(at)
    i = iter(instants)
    return [
        ticket.dispatched(next(i), type_, emergent=emergent, with_support=True),
        ticket.act("signed", next(i)),
        ticket.act("interim_feedback_given", next(i), ticket.support),
        ticket.act("replied", next(i)),
        ticket.act("reply_rejected", next(i), rejections=1),
        ticket.act("replied", next(i)),
        ticket.act("reply_rejected", next(i), rejections=2),
        ticket.act("replied", next(i)),
        ticket.act("closed", next(i)),
    ]


def facts(changes: list[Change]) -> dict[Any, list[Any]]:
    """Everything that a clock says of itself, clock by clock, in order."""
    told: dict[Any, list[Any]] = {}
    for change in changes:
        card = card_id_of(change) if change.kind == "card" else None
        told.setdefault(change.clock.clock_id, []).append((event_id_of(change), card, change))
    return told


@pytest.mark.rule("I4")
@given(
    type_=st.sampled_from(["consultation", "help", "complaint", "praise"]),
    emergent=st.sampled_from([None, "area_outage", "public_safety"]),
    gaps=Gaps,
    ticks=st.lists(st.floats(0, 1), max_size=12),
    length=st.integers(1, 9),
)
def test_any_interleaving_of_timer_ticks_gives_the_same_cards(
    new_ticket: NewTicket, type_: str, emergent: str | None, gaps: list[int], ticks: list[float], length: int
) -> None:
    alone, ticked = new_ticket(), new_ticket()
    acts = happenings(alone, type_, emergent, gaps)[:length]
    end = acts[-1].at + timedelta(days=30)

    alone.fold(acts)
    alone.advance(end)

    # A timer may tick at any watermark that does not lie beyond a fact that is still to come.
    last = START
    for act in acts:
        for tick in sorted(ticks):
            ticked.advance(last + tick * (act.at - last))
        ticked.advance(act.at)
        ticked.fold([act])
        last = act.at
    for tick in sorted(ticks):
        ticked.advance(acts[-1].at + tick * (end - acts[-1].at))
    ticked.advance(end)

    assert facts(ticked.changes) == facts(alone.changes)
    assert ticked.clocks == alone.clocks


@given(gaps=Gaps, cuts=st.sets(st.integers(1, 8)))
def test_any_batching_keeps_every_card(new_ticket: NewTicket, gaps: list[int], cuts: set[int]) -> None:
    whole, cut = new_ticket(), new_ticket()
    acts = happenings(whole, "help", "public_safety", gaps)
    whole.fold(acts)
    edges = [0, *sorted(cuts), len(acts)]
    for begin, end in pairwise(edges):
        cut.fold(acts[begin:end])
    assert facts(cut.changes) == facts(whole.changes)


@pytest.mark.rule("T3")
@given(
    type_=st.sampled_from(["consultation", "help", "complaint"]),
    emergent=st.sampled_from([None, "area_outage", "public_safety"]),
    gaps=Gaps,
)
def test_cards_only_ever_say_what_the_rules_allow(
    new_ticket: NewTicket, type_: str, emergent: str | None, gaps: list[int]
) -> None:
    ticket = new_ticket()
    acts = happenings(ticket, type_, emergent, gaps)
    ticket.fold(acts)
    ticket.advance(acts[-1].at + timedelta(days=30))
    for steps in facts(ticket.changes).values():
        changes = [change for _, _, change in steps]
        assert [change.clock.sequence for change in changes] == list(range(1, len(changes) + 1))
        cards = [change for change in changes if change.kind == "card"]
        assert [card.was for card in cards] == [None, *(card.clock.card for card in cards[:-1])][: len(cards)]
        assert all(card.was != card.clock.card for card in cards)
        reds = [card for card in cards if card.clock.card == "red"]
        assert len(reds) <= 1
        assert all(red.at == red.clock.due_at for red in reds)
        final = changes[-1].clock
        assert (final.card is None) == (final.duty == "return_window")
        assert not final.runs
        if final.state == "late":
            assert reds
        if final.state == "met":
            assert not reds
            assert final.stopped_at <= final.due_at
