"""What the use cases need of the outside, inside one transaction or on one connection for reading."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from evaluation_svc.domain.due_tickets import DueTicket, DutyClock
from evaluation_svc.domain.evaluations import Evaluation
from evaluation_svc.domain.months import Month
from evaluation_svc.domain.scorecards import Tally
from evaluation_svc.domain.units import Unit
from hotline_contracts.events.base import Event
from hotline_worktime.policy import FollowUpRules, ScorecardRules


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One item of a ticket's evaluation: ``item`` is its RFC 8785 JSON without both hashes."""

    ticket_id: UUID
    seq: int
    event_id: UUID
    type: str
    at: datetime
    item: bytes
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class NewTicket:
    ticket_id: UUID
    ticket_no: str


@dataclass(frozen=True, slots=True)
class Charge:
    """One assignment of a ticket: whose handling a reply was."""

    assignment_id: UUID
    ticket_id: UUID
    unit: str


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A published policy as it came; immutable."""

    version: int
    effective_from: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EvaluationPolicy:
    """What of a policy this service goes by."""

    version: int
    follow_up: FollowUpRules
    scorecard: ScorecardRules


class BeforeAllPolicies(Exception):
    """Policies are here, but none of them holds that early."""


class PolicyReader(Protocol):
    async def policy_at(self, instant: datetime) -> EvaluationPolicy:
        """The policy that decides a fact of this instant; ``effective_from`` itself belongs to the new one.

        Raises:
            BeforeAllPolicies: every policy begins later.
            Unavailable: none has come yet.
        """
        ...


class EvaluationWork(PolicyReader, Protocol):
    """Acting on the evaluations of tickets."""

    async def stamp(self, after: datetime | None = None) -> datetime:
        """The instant of a fact: now, but later than ``after``."""
        ...

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None: ...

    async def hold(self, ticket_ids: Collection[UUID]) -> dict[UUID, Evaluation]:
        """Evaluations of these tickets, locked until the transaction ends; unknown tickets are left out."""
        ...

    async def hold_of_follow_up(self, follow_up_id: UUID) -> Evaluation:
        """As ``hold``, by one of the ticket's follow-ups.

        Raises:
            NotFound: there is no such follow-up.
        """
        ...

    async def save(self, evaluations: Sequence[Evaluation], rows: Sequence[HistoryRow]) -> None:
        """Store the evaluations with their new history items and all that was announced before."""
        ...


class TicketStore(Protocol):
    """Tickets and their assignments, copies of what routing-svc tells."""

    async def add(self, tickets: Sequence[NewTicket], charges: Sequence[Charge]) -> None: ...

    async def charges(self, assignment_ids: Collection[UUID]) -> dict[UUID, Charge]: ...


class ClockStore(Protocol):
    """Measured clocks, copies of what sla-svc tells, and what they come to."""

    async def of_tickets(self, ticket_ids: Collection[UUID]) -> list[DutyClock]: ...

    async def put(self, clocks: Sequence[DutyClock], due: Sequence[DueTicket]) -> None: ...


class ReferenceStore(Protocol):
    """Units and policies, copies of published records."""

    async def put_units(self, units: Sequence[Unit]) -> None:
        """Keep each unit's newest version."""
        ...

    async def add_policies(self, policies: Sequence[PolicyRecord]) -> None: ...


class ScorecardReader(PolicyReader, Protocol):
    async def units(self) -> list[Unit]: ...

    async def tallies(self, month: Month, *, first_rating_stands: bool) -> dict[str, Tally]:
        """What there is to count in a month, by unit."""
        ...
