"""Every action on a ticket, as data. What is not in the table is refused with what is allowed instead."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import UNIT_ROLES, AssignmentRole, TicketState

Action: TypeAlias = Literal[
    "dispatch",
    "sign",
    "interim-feedback",
    "reply",
    "reply/approve",
    "reply/reject",
    "redo",
    "redo/refuse",
    "close",
]

DISPATCHERS = frozenset({"dispatcher", "shift_leader"})
REVIEWERS = frozenset({"reviewer"})
CLOSERS = REVIEWERS | DISPATCHERS


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: who may take a ticket from which states to which.

    Attributes:
        acting: role of the assignment for which a unit acts; None where no assignment acts.
        states: states in which the row applies.
        to: the state after it; None leaves the state as it is.
        roles: one of these is needed.
        source: rule id, and where in the catalogue the edge stands.
    """

    action: Action
    acting: AssignmentRole | None
    states: tuple[TicketState, ...]
    to: TicketState | None
    roles: frozenset[str]
    source: str


# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    Transition("dispatch",         None,      ("dispatch_pending",),         "sign_pending", DISPATCHERS, "Routing: core edges, dispatcher"),
    Transition("sign",             "lead",    ("sign_pending",),             "handling",     UNIT_ROLES,  "I4: sign; the ticket's state follows the lead"),
    # A support's day to sign runs on while the lead's reply is looked at: it must stay able to meet it.
    Transition("sign",             "support", ("sign_pending", "handling", "reply_review", "follow_up"), None, UNIT_ROLES, "I4: each assignment has its own state"),
    Transition("interim-feedback", "lead",    ("sign_pending", "handling"),  None,           UNIT_ROLES,  "N7: does not close the ticket"),
    Transition("interim-feedback", "support", ("sign_pending", "handling"),  None,           UNIT_ROLES,  "N7: every unit given such a ticket"),
    Transition("reply",            "lead",    ("handling",),                 "reply_review", UNIT_ROLES,  "Routing: core edges, lead"),
    Transition("reply/approve",    None,      ("reply_review",),             "follow_up",    REVIEWERS,   "Routing: core edges; H3: the reviewer confirms"),
    Transition("reply/reject",     None,      ("reply_review",),             "handling",     REVIEWERS,   "Routing: core edges, reviewer"),
    # Once only, and only where the first rating asks for it: ``Ticket.allowed`` looks at that too.
    Transition("redo",             None,      ("follow_up",),                "handling",     DISPATCHERS, "I3: dispatcher; round 2"),
    Transition("redo/refuse",      None,      ("follow_up",),                None,           DISPATCHERS, "I3: dispatcher"),
    Transition("close",            None,      ("follow_up",),                "closed",       CLOSERS,     "Routing: core edges; H3"),
)
# fmt: on

_ROWS = {(row.action, row.acting, state): row for row in TRANSITIONS for state in row.states}


def roles_for(action: Action) -> frozenset[str]:
    """Roles of which one is needed for an action in any state."""
    return frozenset().union(*(row.roles for row in TRANSITIONS if row.action == action))


def next_state(
    action: Action, acting: AssignmentRole | None, state: TicketState, allowed: list[str]
) -> TicketState:
    """The ticket's state after an action.

    Raises:
        NotAllowedInState: no row; names ``allowed``.
    """
    row = _ROWS.get((action, acting, state))
    if row is None:
        raise NotAllowedInState(action, state, allowed)
    return row.to or state


def actions_of(state: TicketState) -> list[str]:
    """Actions that the table offers in a state, whoever asks, sorted; empty where it ends."""
    return _ACTIONS.get(state, [])


_ACTIONS: dict[str, list[str]] = {
    state: sorted({row.action for row in TRANSITIONS if state in row.states})
    for state in {state for row in TRANSITIONS for state in row.states}
}
