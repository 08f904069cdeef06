"""A ticket and its assignments, and what each action makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import (
    AssignmentRole,
    AssignmentState,
    Determination,
    Emergent,
    Nature,
    TicketState,
    TicketType,
)
from routing_svc.domain.redo import FirstRating, RedoDecision, obstacle_to_redo
from routing_svc.domain.transitions import Action, actions_of, next_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One unit's charge of one ticket.

    Attributes:
        lineage: the unit and all units above it; whoever stands in it sees and acts for this assignment.
        delivered_at: instant of the dispatch fact; the other instants are None until they happen.
    """

    assignment_id: UUID
    parent_assignment_id: UUID | None = None
    unit: str
    lineage: tuple[str, ...]
    role: AssignmentRole
    state: AssignmentState
    delivered_at: datetime
    signed_at: datetime | None = None
    replied_at: datetime | None = None
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A work order; its state follows its lead's assignment.

    Attributes:
        rejections: rejected replies of this round.
        determination: what the last reply proposes, null after its rejection; approval makes it stand.
        replied_by: ``sub`` of who wrote the last reply.
        first_rating: of round 1, once it has come.
        redo_decision: what the hotline decided on a redo; None until then.
        version: ``seq`` of the last history item, ``last_at`` its instant, ``last_hash`` its hash.
        assignments: lead first, then supports in the order given; empty before dispatch.
    """

    ticket_id: UUID
    ticket_no: str
    site: str
    request_id: UUID
    state: TicketState
    type: TicketType
    nature: Nature
    category: str | None
    area_code: str
    emergent: Emergent | None
    confidential: bool
    round: int
    rejections: int
    text_id: UUID
    determination: Determination | None
    replied_by: str | None
    created_at: datetime
    version: int
    last_at: datetime
    last_hash: str
    assignments: tuple[Assignment, ...] = ()
    first_rating: FirstRating | None = None
    redo_decision: RedoDecision | None = None

    @property
    def lead(self) -> Assignment | None:
        """Who must answer; None before dispatch."""
        return next((charge for charge in self.assignments if charge.role == "lead"), None)

    @property
    def allowed(self) -> list[str]:
        """Actions of the present state, whoever asks, sorted.

        ``sign`` only while someone has yet to sign, a decision on a redo only while one is due.
        """
        return [action for action in actions_of(self.state) if self._offers(action)]

    def _offers(self, action: str) -> bool:
        if action == "sign":
            return any(charge.state == "sign_pending" for charge in self.assignments)
        if action in {"redo", "redo/refuse"}:
            return obstacle_to_redo(self.first_rating, self.redo_decision) is None
        return True


@dataclass(frozen=True, slots=True)
class Charge:
    """A unit chosen for a ticket: its id is made by the dispatch."""

    assignment_id: UUID
    unit: str
    lineage: tuple[str, ...]
    role: AssignmentRole


def ensure_allowed(ticket: Ticket, action: Action) -> None:
    """Refuse an action that the ticket does not offer now.

    Raises:
        NotAllowedInState: with the actions it does offer.
    """
    allowed = ticket.allowed
    if action not in allowed:
        raise NotAllowedInState(action, ticket.state, allowed)


def dispatch(ticket: Ticket, charges: Sequence[Charge], emergent: Emergent | None, at: datetime) -> Ticket:
    """Deliver to one lead and its supports; delivery is ``at``. ``emergent`` None leaves the property."""
    given = tuple(
        Assignment(
            assignment_id=charge.assignment_id,
            unit=charge.unit,
            lineage=charge.lineage,
            role=charge.role,
            state="sign_pending",
            delivered_at=at,
        )
        for charge in charges
    )
    return replace(
        ticket,
        state=_after(ticket, "dispatch"),
        emergent=emergent or ticket.emergent,
        assignments=given,
    )


def sign(ticket: Ticket, charge: Assignment, at: datetime) -> Ticket:
    """Acknowledge receipt. A second sign of the same assignment is refused like any other."""
    if charge.state != "sign_pending":
        raise NotAllowedInState("sign", ticket.state, ticket.allowed)
    state = _after(ticket, "sign", charge)
    signed = replace(charge, state="handling", signed_at=at)
    return replace(ticket, state=state, assignments=_with(ticket, signed))


def give_interim_feedback(ticket: Ticket, charge: Assignment) -> Ticket:
    """Nothing of the ticket changes but its history. Source: rule N7."""
    return replace(ticket, state=_after(ticket, "interim-feedback", charge))


def reply(ticket: Ticket, charge: Assignment, determination: Determination, sub: str, at: datetime) -> Ticket:
    """Hand the lead's answer to review."""
    state = _after(ticket, "reply", charge)
    replied = replace(charge, state="replied", replied_at=at)
    return replace(
        ticket,
        state=state,
        determination=determination,
        replied_by=sub,
        assignments=_with(ticket, replied),
    )


def approve_reply(ticket: Ticket) -> Ticket:
    return replace(ticket, state=_after(ticket, "reply/approve"))


def reject_reply(ticket: Ticket) -> Ticket:
    """Send the answer back: the lead handles again, and the proposal falls."""
    state = _after(ticket, "reply/reject")
    again = replace(lead_of(ticket), state="handling", replied_at=None)
    return replace(
        ticket,
        state=state,
        rejections=ticket.rejections + 1,
        determination=None,
        assignments=_with(ticket, again),
    )


def order_redo(ticket: Ticket) -> Ticket:
    """Let the lead handle again in a round of its own, whose rejections count anew. Source: rule I3."""
    state = _after(ticket, "redo")
    _ensure_redo_is_due(ticket)
    again = replace(lead_of(ticket), state="handling", replied_at=None)
    return replace(
        ticket,
        state=state,
        round=ticket.round + 1,
        rejections=0,
        determination=None,
        redo_decision="ordered",
        assignments=_with(ticket, again),
    )


def refuse_redo(ticket: Ticket) -> Ticket:
    """Leave the first handling as it is; the first rating counts. Source: rule I3."""
    state = _after(ticket, "redo/refuse")
    _ensure_redo_is_due(ticket)
    return replace(ticket, state=state, redo_decision="refused")


def close(ticket: Ticket) -> Ticket:
    return replace(ticket, state=_after(ticket, "close"))


def lead_of(ticket: Ticket) -> Assignment:
    """The lead of a ticket that was dispatched."""
    lead = ticket.lead
    if lead is None:
        raise ValueError(f"ticket {ticket.ticket_id} in {ticket.state} has no lead")
    return lead


def first_rating_of(ticket: Ticket) -> FirstRating:
    """The rating that a decision on a redo is about."""
    if ticket.first_rating is None:
        raise ValueError(f"ticket {ticket.ticket_id} has no first rating")
    return ticket.first_rating


def determination_of(ticket: Ticket) -> Determination:
    """What the approved reply of a ticket says."""
    if ticket.determination is None:
        raise ValueError(f"ticket {ticket.ticket_id} in {ticket.state} has no determination")
    return ticket.determination


def _ensure_redo_is_due(ticket: Ticket) -> None:
    obstacle = obstacle_to_redo(ticket.first_rating, ticket.redo_decision)
    if obstacle is not None:
        refusal, detail = obstacle
        raise refusal(detail, state=ticket.state, allowed=ticket.allowed)


def _after(ticket: Ticket, action: Action, charge: Assignment | None = None) -> TicketState:
    return next_state(action, charge.role if charge else None, ticket.state, ticket.allowed)


def _with(ticket: Ticket, changed: Assignment) -> tuple[Assignment, ...]:
    return tuple(
        changed if charge.assignment_id == changed.assignment_id else charge for charge in ticket.assignments
    )
