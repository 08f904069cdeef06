"""What each fact of a ticket does to which clocks: one table, and how a fact is folded into a ticket.

A support's assignment has no ``handle`` clock of its own: only the lead replies, and a support's part goes
into the lead's reply. What the policy sets no limit for (handling praise, interim feedback where nothing is
emergent) is not owed, so no clock starts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from hotline_contracts.values import AssignmentRole, Duty, Emergent, TicketType
from sla_svc.domain import clocks
from sla_svc.domain.clocks import Change, Changed, Clock
from sla_svc.domain.rulebook import Rulebook

HappeningKind: TypeAlias = Literal[
    "dispatched", "signed", "interim_feedback_given", "replied", "reply_rejected", "reply_approved", "closed"
]
Whose: TypeAlias = Literal["each", "lead", "own", "others", "all"]
Does: TypeAlias = Literal["start", "meet", "reopen", "cancel", "lapse"]


@dataclass(frozen=True, slots=True)
class Effect:
    """A row of the table.

    Attributes:
        whose: of a dispatch ``each`` new assignment or only the ``lead``; else the fact's ``own`` assignment,
            the ``others`` of the ticket, or ``all``.
        rule: id in the rule catalogue.
    """

    on: HappeningKind
    duty: Duty
    whose: Whose
    does: Does
    rule: str


# fmt: off
EFFECTS: tuple[Effect, ...] = (
    Effect("dispatched",             "sign",             "each",   "start",  "I4"),
    Effect("dispatched",             "handle",           "lead",   "start",  "I4"),
    Effect("dispatched",             "interim_feedback", "each",   "start",  "N7"),
    Effect("dispatched",             "return_window",    "each",   "start",  "I2"),
    Effect("signed",                 "sign",             "own",    "meet",   "I4"),
    Effect("interim_feedback_given", "interim_feedback", "own",    "meet",   "N7"),
    Effect("replied",                "handle",           "own",    "meet",   "I4"),
    # A full reply says more than an interim opinion, and in reply_review none can be given any more.
    Effect("replied",                "interim_feedback", "own",    "meet",   "N7"),
    Effect("replied",                "interim_feedback", "others", "cancel", "N7"),
    Effect("reply_rejected",         "handle",           "own",    "reopen", "I4"),
    Effect("closed",                 "sign",             "all",    "cancel", "I4"),
    Effect("closed",                 "handle",           "all",    "cancel", "I4"),
    Effect("closed",                 "interim_feedback", "all",    "cancel", "N7"),
    Effect("closed",                 "return_window",    "all",    "lapse",  "I2"),
)
# fmt: on

_EFFECTS_ON: dict[str, list[Effect]] = defaultdict(list)
for _effect in EFFECTS:
    _EFFECTS_ON[_effect.on].append(_effect)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One unit's new charge of a ticket."""

    assignment_id: UUID
    unit: str
    role: AssignmentRole


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact of a ticket, as far as clocks are concerned.

    Attributes:
        at: the fact's own instant; never when it was read.
        assignment_id: whose act it was; None for acts on the whole ticket.
        deliveries: of a dispatch, with the ticket's ``type``, ``emergent`` and ``round`` at that time.
        rejections: of a rejection, how many this round has seen, itself included.
    """

    kind: HappeningKind
    cause_id: UUID
    ticket_id: UUID
    at: datetime
    assignment_id: UUID | None = None
    deliveries: tuple[Delivery, ...] = ()
    type: TicketType = "help"
    emergent: Emergent | None = None
    round: int = 1
    rejections: int = 0


class UnknownAssignment(Exception):
    """A fact names an assignment that was never dispatched: its publisher's history is broken."""


TicketClocks: TypeAlias = dict[UUID, Clock]
"""All clocks of one ticket by clock id."""


def fold(ticket: TicketClocks, happening: Happening, rulebook: Rulebook) -> list[Change]:
    """Let time pass for all clocks of the ticket up to the fact, then apply what the fact does.

    Changes ``ticket`` in place and returns every change in order. Because time passes first, and only up to
    the fact, the changes are the same whoever let it pass: a timer before, or this call.

    Raises:
        UnknownAssignment: the fact's assignment has no clock here.
        NoPolicy, OutsideCalendar: the fact's instant lies outside all policies or calendars.
    """
    if happening.assignment_id is not None:
        _insist_on(happening.assignment_id, ticket)
    changes: list[Change] = []
    for clock in list(ticket.values()):
        _take(ticket, changes, clocks.advance(clock, happening.at))
    for effect in _EFFECTS_ON[happening.kind]:
        if effect.does == "start":
            for delivery in happening.deliveries:
                if effect.whose in {"each", delivery.role}:
                    _start(ticket, changes, effect.duty, delivery, happening, rulebook)
        else:
            act = _ACTS[effect.does]
            for clock in list(_affected(ticket, effect, happening)):
                _take(ticket, changes, act(clock, happening, rulebook))
    return changes


_Act: TypeAlias = Callable[[Clock, Happening, Rulebook], Changed]


def _reopen(clock: Clock, happening: Happening, rulebook: Rulebook) -> Changed:
    return clocks.reopen(clock, happening.at, rulebook.grace(clock, happening.at, happening.rejections))


_ACTS: dict[str, _Act] = {
    "meet": lambda clock, happening, _: clocks.meet(clock, happening.at),
    "cancel": lambda clock, happening, _: clocks.cancel(clock, happening.at),
    "lapse": lambda clock, happening, _: clocks.lapse(clock, happening.at),
    "reopen": _reopen,
}


def _start(
    ticket: TicketClocks,
    changes: list[Change],
    duty: Duty,
    delivery: Delivery,
    happening: Happening,
    rulebook: Rulebook,
) -> None:
    decided = rulebook.deadline(duty, happening.type, happening.emergent, happening.at)
    if decided is None:
        return
    policy, _, deadline = decided
    started = clocks.start(
        cause_id=happening.cause_id,
        ticket_id=happening.ticket_id,
        assignment_id=delivery.assignment_id,
        unit=delivery.unit,
        duty=duty,
        type=happening.type,
        emergent=happening.emergent,
        round=happening.round,
        started_at=happening.at,
        deadline=deadline,
        policy_version=policy.version,
    )
    _take(ticket, changes, started)


def _take(ticket: TicketClocks, changes: list[Change], changed: Changed) -> None:
    clock, steps = changed
    if steps:
        ticket[clock.clock_id] = clock
        changes.extend(steps)


def _affected(ticket: TicketClocks, effect: Effect, happening: Happening) -> Iterator[Clock]:
    for clock in ticket.values():
        if clock.duty != effect.duty:
            continue
        own = clock.assignment_id == happening.assignment_id
        if effect.whose == "all" or own == (effect.whose == "own"):
            yield clock


def _insist_on(assignment_id: UUID, ticket: TicketClocks) -> None:
    if not any(clock.assignment_id == assignment_id for clock in ticket.values()):
        raise UnknownAssignment(f"assignment {assignment_id} was never dispatched")
