"""Clocks, cards and announcements on paper: the ports of the use cases, without a database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hotline_contracts.events.base import Event
from sla_svc.application.ports import Card, KeptClock


@dataclass
class PaperJournal:
    """The present is whatever the test says; every announcement is kept by its clock."""

    now: datetime
    told: dict[object, list[tuple[Any, ...]]] = field(default_factory=dict)

    async def stamp(self, after: datetime | None = None) -> datetime:
        return self.now

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None:
        self.told.setdefault(subject, []).append((sequence, event_id, key, event))


@dataclass
class PaperClocks:
    """Port ``ClockStore``."""

    clocks: dict[UUID, KeptClock] = field(default_factory=dict)
    cards: dict[UUID, Card] = field(default_factory=dict)
    held: set[UUID] = field(default_factory=set)

    async def lock_subjects(self, subject_ids: Collection[UUID]) -> list[KeptClock]:
        return [kept for kept in self.clocks.values() if kept.clock.subject_id in subject_ids]

    async def lock_due(self, before: datetime, duties: Collection[str], limit: int) -> list[KeptClock]:
        due = [
            (at, clock_id)
            for clock_id, kept in self.clocks.items()
            if clock_id not in self.held
            and kept.clock.duty in duties
            and (at := kept.clock.next_transition_at) is not None
            and at < before
        ]
        return [self.clocks[clock_id] for _, clock_id in sorted(due)[:limit]]

    async def write(
        self, started: Sequence[KeptClock], changed: Sequence[KeptClock], cards: Sequence[Card]
    ) -> None:
        self.clocks |= {kept.clock.clock_id: kept for kept in [*started, *changed]}
        assert self.cards.keys().isdisjoint(card.card_id for card in cards)
        self.cards |= {card.card_id: card for card in cards}

    async def hold(self, key: str, duties: Collection[str]) -> None:
        self.held |= {
            clock_id
            for clock_id, kept in self.clocks.items()
            if key in {str(kept.clock.subject_id), str(kept.clock.ticket_id)} and kept.clock.duty in duties
        }
