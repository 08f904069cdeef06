"""What each fact does to which clocks: one table, and how a fact is folded into the clocks of its subject.

A support's assignment has no ``handle`` clock of its own: only the lead replies, and a support's part goes
into the lead's reply. What the policy sets no limit for (handling praise, interim feedback where nothing is
emergent) is not owed, so no clock starts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from hotline_contracts.values import AssignmentRole, Duty, Emergent, TicketType
from sla_svc.domain import clocks
from sla_svc.domain.clocks import Change, Changed, Clock
from sla_svc.domain.driving import PASSED_BY
from sla_svc.domain.rulebook import Rulebook

HappeningKind: TypeAlias = Literal[
    "dispatched",
    "signed",
    "interim_feedback_given",
    "replied",
    "reply_rejected",
    "reply_approved",
    "redo_ordered",
    "closed",
    "follow_up_opened",
    "follow_up_done",
    "follow_up_not_needed",
]
Whose: TypeAlias = Literal["each", "lead", "hotline", "own", "own_round", "others", "all"]
Does: TypeAlias = Literal["start", "meet", "reopen", "cancel", "lapse"]


@dataclass(frozen=True, slots=True)
class Effect:
    """A row of the table.

    Attributes:
        whose: of a start ``each`` assignment that the fact names, only the ``lead``, or the ``hotline``, which
            owes it by itself; else the fact's ``own`` assignment (``own_round``: the clock of the fact's round
            only), the ``others`` of the ticket, or ``all`` of the subject.
        rule: id in the rule catalogue.
    """

    on: HappeningKind
    duty: Duty
    whose: Whose
    does: Does
    rule: str


# fmt: off
EFFECTS: tuple[Effect, ...] = (
    Effect("dispatched",             "sign",             "each",      "start",  "I4"),
    Effect("dispatched",             "handle",           "lead",      "start",  "I4"),
    Effect("dispatched",             "interim_feedback", "each",      "start",  "N7"),
    Effect("dispatched",             "return_window",    "each",      "start",  "I2"),
    Effect("signed",                 "sign",             "own",       "meet",   "I4"),
    Effect("interim_feedback_given", "interim_feedback", "own",       "meet",   "N7"),
    Effect("replied",                "handle",           "own_round", "meet",   "I4"),
    Effect("replied",                "redo",             "own_round", "meet",   "I3"),
    # A full reply says more than an interim opinion, and in reply_review none can be given any more.
    Effect("replied",                "interim_feedback", "own",       "meet",   "N7"),
    Effect("replied",                "interim_feedback", "others",    "cancel", "N7"),
    Effect("reply_rejected",         "handle",           "own_round", "reopen", "I4"),
    Effect("reply_rejected",         "redo",             "own_round", "reopen", "I3"),
    # No delivery, so no interim opinion is owed anew.
    Effect("redo_ordered",           "redo",             "lead",      "start",  "I3"),
    Effect("closed",                 "sign",             "all",       "cancel", "I4"),
    Effect("closed",                 "handle",           "all",       "cancel", "I4"),
    Effect("closed",                 "redo",             "all",       "cancel", "I3"),
    Effect("closed",                 "interim_feedback", "all",       "cancel", "N7"),
    Effect("closed",                 "return_window",    "all",       "lapse",  "I2"),
    Effect("follow_up_opened",       "follow_up",        "hotline",   "start",  "H4"),
    Effect("follow_up_done",         "follow_up",        "all",       "meet",   "H4"),
    Effect("follow_up_not_needed",   "follow_up",        "all",       "cancel", "H4"),
)

TOPIC_OF: Mapping[HappeningKind, str] = {
    "dispatched":             "routing.tickets",
    "signed":                 "routing.tickets",
    "interim_feedback_given": "routing.tickets",
    "replied":                "routing.tickets",
    "reply_rejected":         "routing.tickets",
    "reply_approved":         "routing.tickets",
    "redo_ordered":           "routing.tickets",
    "closed":                 "routing.tickets",
    "follow_up_opened":       "evaluation.ratings",
    "follow_up_done":         "evaluation.ratings",
    "follow_up_not_needed":   "evaluation.ratings",
}
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


class Happening(NamedTuple):
    """A fact of a ticket, as far as clocks are concerned.

    Attributes:
        at: the fact's own instant, or that of the act it tells of; never when it was read.
        assignment_id: whose act it was; None for acts on the whole ticket.
        deliveries: of a dispatch or a redo, with the ticket's ``type``, ``emergent`` and ``round`` at that time.
        round: of the handling that the fact belongs to.
        rejections: of a rejection, how many this round has seen, itself included.
        follow_up_id: what a fact of a follow-up is about; None for facts about the ticket itself.
        since: from when a duty counts that began before the fact that tells of it; None: with the fact.
    """

    kind: HappeningKind
    cause_id: UUID
    ticket_id: UUID
    at: datetime
    assignment_id: UUID | None = None
    deliveries: tuple[Delivery, ...] = ()
    type: TicketType | None = None
    emergent: Emergent | None = None
    round: int = 1
    rejections: int = 0
    follow_up_id: UUID | None = None
    since: datetime | None = None

    @property
    def subject_id(self) -> UUID:
        """Whose clocks it concerns, and no others."""
        return self.follow_up_id or self.ticket_id


class UnknownAssignment(Exception):
    """A fact names an assignment that was never dispatched: its publisher's history is broken."""


SubjectClocks: TypeAlias = dict[UUID, Clock]
"""All clocks of one subject (a ticket, a follow-up) by clock id."""


def fold(subject: SubjectClocks, happening: Happening, rulebook: Rulebook) -> list[Change]:
    """Let time pass for the clocks of the subject up to the fact, then apply what the fact does.

    Changes ``subject`` in place and returns every change in order. Because time passes first, and only up to
    the fact, the changes are the same whoever let it pass: a timer before, or this call. Clocks that another
    topic can stop stay where they are: that topic may not have been read as far.

    Raises:
        UnknownAssignment: the fact's assignment has no clock here.
        NoPolicy, NoRule, OutsideCalendar: no policy or calendar decides at the fact's instant.
    """
    if happening.assignment_id is not None:
        _insist_on(happening.assignment_id, subject)
    changes: list[Change] = []
    passed = PASSED_BY[TOPIC_OF[happening.kind]]
    for clock in list(subject.values()):
        if clock.duty in passed:
            _take(subject, changes, clocks.advance(clock, happening.at))
    for effect in _EFFECTS_ON[happening.kind]:
        if effect.does == "start":
            for delivery in _owing(effect, happening):
                _start(subject, changes, effect.duty, delivery, happening, rulebook)
        else:
            act = _ACTS[effect.does]
            for clock in list(_affected(subject, effect, happening)):
                _take(subject, changes, act(clock, happening, rulebook))
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


def _owing(effect: Effect, happening: Happening) -> Iterator[Delivery | None]:
    """Whose duty begins: assignments, or the hotline itself (None)."""
    if effect.whose == "hotline":
        yield None
    for delivery in happening.deliveries:
        if effect.whose in {"each", delivery.role}:
            yield delivery


def _start(
    subject: SubjectClocks,
    changes: list[Change],
    duty: Duty,
    delivery: Delivery | None,
    happening: Happening,
    rulebook: Rulebook,
) -> None:
    started_at = happening.since or happening.at
    decided = rulebook.deadline(duty, happening.type, happening.emergent, started_at)
    if decided is None:
        return
    policy, _, deadline = decided
    started = clocks.start(
        cause_id=happening.cause_id,
        subject_id=happening.subject_id,
        ticket_id=happening.ticket_id,
        assignment_id=delivery.assignment_id if delivery else None,
        unit=delivery.unit if delivery else None,
        duty=duty,
        type=happening.type,
        emergent=happening.emergent,
        round=happening.round,
        started_at=started_at,
        deadline=deadline,
        policy_version=policy.version,
    )
    _take(subject, changes, started)


def _take(subject: SubjectClocks, changes: list[Change], changed: Changed) -> None:
    clock, steps = changed
    if steps:
        subject[clock.clock_id] = clock
        changes.extend(steps)


def _affected(subject: SubjectClocks, effect: Effect, happening: Happening) -> Iterator[Clock]:
    for clock in subject.values():
        if clock.duty != effect.duty or (effect.whose == "own_round" and clock.round != happening.round):
            continue
        own = clock.assignment_id == happening.assignment_id
        if effect.whose == "all" or own == (effect.whose != "others"):
            yield clock


def _insist_on(assignment_id: UUID, subject: SubjectClocks) -> None:
    if not any(clock.assignment_id == assignment_id for clock in subject.values()):
        raise UnknownAssignment(f"assignment {assignment_id} was never dispatched")
