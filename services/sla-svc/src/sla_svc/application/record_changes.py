"""Write what happened to clocks, and tell it: the one way a change leaves this service."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sla_svc.application.clock_events import EVENT_OF, card_event
from sla_svc.application.ports import Card, ClockStore, Journal, KeptClock
from sla_svc.domain.clocks import Change, card_id_of, event_id_of
from sla_svc.domain.reasons import why
from sla_svc.domain.rulebook import Rulebook

_MICROSECOND = timedelta(microseconds=1)


async def record_changes(
    changes: Sequence[Change],
    kept: Mapping[UUID, KeptClock],
    journal: Journal,
    store: ClockStore,
    rulebook: Rulebook,
) -> None:
    """Announce every change in order and store each clock as it stands after its last one.

    Args:
        changes: of any clocks; those of one clock in order.
        kept: the clocks that were stored before, by id, locked.
    """
    now = await journal.stamp()
    last_at = {clock_id: found.last_at for clock_id, found in kept.items()}
    final: dict[UUID, KeptClock] = {}
    cards: list[Card] = []
    for change in changes:
        clock = change.clock
        at = last_at[clock.clock_id] = _told_at(now, change.at, last_at.get(clock.clock_id))
        final[clock.clock_id] = KeptClock(clock, at)
        card = _card(change, at, rulebook) if change.kind == "card" else None
        if card is not None:
            cards.append(card)
        journal.announce(
            EVENT_OF[change.kind](change) if card is None else card_event(change, card.card_id, card.why),
            event_id=event_id_of(change),
            subject=clock.clock_id,
            key=clock.key,
            sequence=clock.sequence,
            at=at,
        )
    started, changed = _parted(final.values(), kept)
    await store.write(started, changed, cards)


def _told_at(now: datetime, happened_at: datetime, last_at: datetime | None) -> datetime:
    """The event's own instant: now, but after what it tells and after the clock's last event."""
    floor = happened_at if last_at is None else max(happened_at, last_at)
    return max(now, floor + _MICROSECOND)


def _card(change: Change, issued_at: datetime, rulebook: Rulebook) -> Card:
    rule = rulebook.rule_of(change.clock)
    if rule is None or rule.limit is None:
        raise ValueError(f"a card for {change.clock.duty}, which has no limit")
    return Card(card_id_of(change), change.clock, change.was, change.at, issued_at, why(change, rule.limit))


def _parted(
    clocks: Iterable[KeptClock], kept: Mapping[UUID, KeptClock]
) -> tuple[list[KeptClock], list[KeptClock]]:
    """Into those that are new and those that were there, each in the order of their ids."""
    started: list[KeptClock] = []
    changed: list[KeptClock] = []
    for found in sorted(clocks, key=lambda found: found.clock.clock_id.int):
        (changed if found.clock.clock_id in kept else started).append(found)
    return started, changed
