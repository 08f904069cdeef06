"""Every action on an entry, as data. What is not in the table is refused with what is allowed instead."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import UNIT_ROLES

EntryState: TypeAlias = Literal["draft", "submitted", "rejected", "published", "withdrawn"]
Action: TypeAlias = Literal["versions", "submit", "approve", "reject", "withdraw"]

WRITERS = UNIT_ROLES | {"knowledge_editor"}
"""Who writes: the unit that owns the entry, or the hotline's editor for it."""
DECIDERS = frozenset({"knowledge_editor", "reviewer"})
"""Who decides what agents may quote: the hotline, never a unit."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: who may take an entry's newest version from which states to which.

    Attributes:
        roles: one of these is needed; a unit role counts for the entries of its own subtree.
        source: rule id, and where in the catalogue the edge stands.
    """

    action: Action
    states: tuple[EntryState, ...]
    to: EntryState
    roles: frozenset[str]
    source: str


# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    # What is under review is not changed under the reviewer's eyes: it is sent back first.
    Transition("versions", ("draft", "rejected", "published"),              "draft",     WRITERS,            "I7: versions"),
    Transition("submit",   ("draft",),                                      "submitted", WRITERS,            "I7: to the hotline of one's own level"),
    Transition("approve",  ("submitted",),                                  "published", DECIDERS,           "I7: hotline review"),
    Transition("reject",   ("submitted",),                                  "rejected",  DECIDERS,           "I7: hotline review"),
    # The unit answers for what is quoted in its name: it needs nobody's leave to stop that.
    Transition("withdraw", ("draft", "submitted", "rejected", "published"), "withdrawn", WRITERS | DECIDERS, "I7: owner unit answers for legality, accuracy, timeliness"),
)
# fmt: on

_ROWS = {(row.action, state): row for row in TRANSITIONS for state in row.states}


def roles_for(action: Action) -> frozenset[str]:
    """Roles of which one is needed for an action in any state."""
    return frozenset().union(*(row.roles for row in TRANSITIONS if row.action == action))


def next_state(action: Action, state: EntryState) -> EntryState:
    """The state after an action.

    Raises:
        NotAllowedInState: no row; names the actions of ``state``.
    """
    row = _ROWS.get((action, state))
    if row is None:
        raise NotAllowedInState(action, state, actions_of(state))
    return row.to


def actions_of(state: EntryState) -> list[str]:
    """Actions that the table offers in a state, whoever asks, sorted; empty where it ends."""
    return sorted({row.action for row in TRANSITIONS if state in row.states})
