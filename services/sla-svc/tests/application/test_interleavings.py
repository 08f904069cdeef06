"""Topics know nothing of each other's order, and the timer comes when it comes: the cards stay the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline_contracts.ids import derived_id
from hotline_contracts.values import Emergent, TicketType
from hotline_worktime.calendars import city_calendar
from hotline_worktime.policy import POLICY_1
from sla_svc.application.apply_happenings import apply_happenings
from sla_svc.application.pass_time import pass_time
from sla_svc.domain.driving import duties_by_topics
from sla_svc.domain.effects import TOPIC_OF, Delivery, Happening, HappeningKind
from sla_svc.domain.rulebook import Rulebook

from .paper_store import PaperClocks, PaperJournal

START = datetime(2026, 2, 10, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
TOPICS = ("routing.tickets", "evaluation.ratings")
RULEBOOK = Rulebook([POLICY_1], city_calendar())
ACTS = 17
# Microseconds, minutes and hours between two acts: the exact instants of rules are multiples of an hour.
Gaps = st.lists(
    st.one_of(
        st.integers(1, 10**6),
        st.integers(1, 90).map(lambda minutes: minutes * 60_000_000),
        st.integers(1, 120).map(lambda hours: hours * 3_600_000_000),
    ),
    min_size=ACTS,
    max_size=ACTS,
)
Lives = st.lists(
    st.tuples(
        st.sampled_from(["consultation", "help", "complaint", "praise"]),
        st.sampled_from([None, "area_outage"]),
        Gaps,
        st.sampled_from(["follow_up_done", "follow_up_not_needed"]),
    ),
    min_size=1,
    max_size=2,
)


def life(
    number: int, type_: TicketType, emergent: Emergent | None, gaps: Sequence[int], end: Any
) -> list[Happening]:
    """A ticket from delivery through a redo to its close, and both its follow-ups, in the order of their instants."""
    ticket, lead, support = (derived_id("test", number, name) for name in ("ticket", "lead", "support"))
    instants = iter([START + timedelta(microseconds=gap) for gap in accumulate(gaps)])
    deliveries = Delivery(lead, "520400-D01", "lead"), Delivery(support, "520400-D02", "support")
    approved: list[datetime] = []

    def act(kind: HappeningKind, own: UUID | None = lead, **more: Any) -> Happening:
        at = next(instants)
        if kind == "reply_approved":
            approved.append(at)
        return Happening(kind, derived_id("test", number, at), ticket, at, assignment_id=own, **more)

    def asked(kind: HappeningKind, round_: int) -> Happening:
        return act(
            kind,
            None,
            round=round_,
            follow_up_id=derived_id("test", number, "asked", round_),
            since=approved[-1],
        )

    return [
        act("dispatched", None, deliveries=deliveries, type=type_, emergent=emergent),
        act("signed"),
        act("interim_feedback_given", support),
        act("replied"),
        act("reply_rejected", rejections=1),
        act("replied"),
        act("reply_approved"),
        asked("follow_up_opened", 1),
        asked("follow_up_done", 1),
        act("redo_ordered", deliveries=deliveries[:1], type=type_, emergent=emergent, round=2),
        act("replied", round=2),
        act("reply_rejected", round=2, rejections=1),
        act("replied", round=2),
        act("reply_approved", round=2),
        asked("follow_up_opened", 2),
        asked(end, 2),
        act("closed", None),
    ]


@dataclass
class Service:
    """The use cases over two topics that are read as the test says; the timer keeps to the watermarks."""

    topics: dict[str, list[Happening]]
    journal: PaperJournal = field(default_factory=lambda: PaperJournal(END))
    store: PaperClocks = field(default_factory=PaperClocks)

    def take(self, topic: str, count: int) -> list[Happening]:
        taken, self.topics[topic] = self.topics[topic][:count], self.topics[topic][count:]
        return taken

    async def apply(self, batch: list[Happening]) -> None:
        if batch:
            await apply_happenings(batch, self.journal, self.store, RULEBOOK)

    async def tick(self, share: float) -> None:
        """Let the timer pass some of the time of which each topic is known to be complete and applied."""
        marks = {
            topic: min([happening.at for happening in left], default=END)
            for topic, left in self.topics.items()
        }
        for topics, duties in duties_by_topics():
            before = START + share * (min(marks[topic] for topic in topics) - START)
            while await pass_time(
                before, duties, 3, journal=self.journal, store=self.store, rulebook=RULEBOOK
            ):
                pass

    def facts(self) -> Any:
        """All that is the same in every run: everything but the instants at which it was written down."""
        return (
            {clock_id: kept.clock for clock_id, kept in self.store.clocks.items()},
            {card_id: card._replace(issued_at=END) for card_id, card in self.store.cards.items()},
            self.journal.told,
        )


def topics_of(lives: Sequence[Any]) -> dict[str, list[Happening]]:
    happenings = [happening for number, one in enumerate(lives) for happening in life(number, *one)]
    return {
        topic: sorted((h for h in happenings if TOPIC_OF[h.kind] == topic), key=lambda h: (h.at, h.ticket_id))
        for topic in TOPICS
    }


Steps = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 5), st.integers(0, 4)),  # a batch: so many of each topic
        st.sampled_from([0.25, 0.5, 0.9, 1.0]),  # the timer, up to this share of what it may know
    ),
    max_size=24,
)


@pytest.mark.rule("I4")
@pytest.mark.rule("T3")
@pytest.mark.rule("I3")
@settings(max_examples=150, deadline=None)
@given(lives=Lives, steps=Steps, evaluation_first=st.booleans())
async def test_any_interleaving_of_topics_batches_and_timer_gives_the_same_cards(
    lives: Sequence[Any], steps: Sequence[Any], evaluation_first: bool
) -> None:
    alone = Service(topics_of(lives))
    for topic in TOPICS:
        await alone.apply(alone.take(topic, 99))
    await alone.tick(1.0)

    mixed = Service(topics_of(lives))
    order = TOPICS[::-1] if evaluation_first else TOPICS
    for step in steps:
        if isinstance(step, float):
            await mixed.tick(step)
        else:
            await mixed.apply(
                [h for topic, count in zip(order, step, strict=True) for h in mixed.take(topic, count)]
            )
    for topic in order:
        await mixed.apply(mixed.take(topic, 99))
    await mixed.tick(1.0)

    assert mixed.facts() == alone.facts()
    assert {kept.clock.duty for kept in mixed.store.clocks.values()} >= {"sign", "follow_up"}
