"""What the tests of clocks share: the real rulebook, and tickets made of happenings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

from hotline_contracts.ids import derived_id
from hotline_contracts.values import Emergent, TicketType
from hotline_worktime.calendars import city_calendar
from hotline_worktime.policy import POLICY_1
from sla_svc.domain import clocks
from sla_svc.domain.clocks import Change, Clock
from sla_svc.domain.effects import Delivery, Happening, HappeningKind, SubjectClocks, fold
from sla_svc.domain.rulebook import Rulebook

TICKET, LEAD, SUPPORT, FOLLOW_UP = (
    derived_id("test", name) for name in ("ticket", "lead", "support", "follow-up")
)
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return Rulebook([POLICY_1], city_calendar())


@pytest.fixture(scope="session")
def local() -> Callable[[str], datetime]:
    """An instant by Shanghai's wall clock: ``local("2026-02-13 18:30")``."""
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Ticket:
    """A ticket driven by happenings; ``lead`` and ``support`` are its assignments."""

    rulebook: Rulebook
    id: UUID = TICKET
    lead: UUID = LEAD
    support: UUID = SUPPORT
    clocks: SubjectClocks = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def dispatched(
        self,
        at: datetime,
        type: TicketType = "help",  # noqa: A002
        *,
        emergent: Emergent | None = None,
        with_support: bool = False,
    ) -> Happening:
        deliveries = [Delivery(self.lead, "520400-D01", "lead")]
        if with_support:
            deliveries.append(Delivery(self.support, "520400-D02", "support"))
        return Happening(
            "dispatched",
            derived_id("test", "dispatched", at),
            self.id,
            at,
            deliveries=tuple(deliveries),
            type=type,
            emergent=emergent,
        )

    def act(
        self,
        kind: HappeningKind,
        at: datetime,
        assignment_id: UUID | None = None,
        rejections: int = 0,
        round: int = 1,  # noqa: A002
    ) -> Happening:
        own = None if kind == "closed" else assignment_id or self.lead
        return Happening(
            kind,
            derived_id("test", kind, at),
            self.id,
            at,
            assignment_id=own,
            rejections=rejections,
            round=round,
        )

    def redo_ordered(
        self,
        at: datetime,
        type: TicketType = "help",  # noqa: A002
        *,
        emergent: Emergent | None = None,
    ) -> Happening:
        return Happening(
            "redo_ordered",
            derived_id("test", "redo_ordered", at),
            self.id,
            at,
            assignment_id=self.lead,
            deliveries=(Delivery(self.lead, "520400-D01", "lead"),),
            type=type,
            emergent=emergent,
            round=2,
        )

    def follow_up(
        self,
        kind: HappeningKind,
        at: datetime,
        *,
        since: datetime | None = None,
        round: int = 1,  # noqa: A002
    ) -> Happening:
        """A fact of the follow-up of one round."""
        return Happening(
            kind,
            derived_id("test", kind, at),
            self.id,
            at,
            round=round,
            follow_up_id=derived_id(FOLLOW_UP, round),
            since=since,
        )

    def fold(self, happenings: Sequence[Happening]) -> list[Change]:
        """Apply the happenings; returns the changes they made."""
        before = len(self.changes)
        for happening in happenings:
            own = {i: clock for i, clock in self.clocks.items() if clock.subject_id == happening.subject_id}
            self.changes += fold(own, happening, self.rulebook)
            self.clocks |= own
        return self.changes[before:]

    def advance(self, instant: datetime) -> list[Change]:
        """Let the timer pass up to ``instant``."""
        before = len(self.changes)
        for clock_id, clock in list(self.clocks.items()):
            self.clocks[clock_id], steps = clocks.advance(clock, instant)
            self.changes += steps
        return self.changes[before:]

    def clock(self, duty: str, assignment_id: UUID | None = None) -> Clock:
        [found] = [
            clock
            for clock in self.clocks.values()
            if clock.duty == duty and clock.assignment_id == (assignment_id or self.lead)
        ]
        return found

    def cards(
        self, duty: str, assignment_id: UUID | None = None
    ) -> list[tuple[str | None, str | None, datetime]]:
        """Cards of one clock in order: (was, card, at)."""
        clock_id = self.clock(duty, assignment_id).clock_id
        return [
            (change.was, change.clock.card, change.at)
            for change in self.changes
            if change.kind == "card" and change.clock.clock_id == clock_id
        ]


@pytest.fixture
def ticket(rulebook: Rulebook) -> Ticket:
    return Ticket(rulebook)


@pytest.fixture(scope="session")
def new_ticket(rulebook: Rulebook) -> Callable[[], Ticket]:
    """For property tests, which want a fresh one in each example."""
    return lambda: Ticket(rulebook)
