"""Who acts on a ticket, and how much of it that person may see."""

from dataclasses import dataclass

from hotline_contracts.values import UNIT_ROLES

CITY_READERS = frozenset(
    {
        "agent",
        "shift_leader",
        "dispatcher",
        "reviewer",
        "oversight_officer",
        "inspector",
        "assessor",
        "auditor",
    }
)
"""Roles that read every ticket of the city."""

READERS = CITY_READERS | UNIT_ROLES
"""Roles that read tickets at all: not an admin, not a channel's machine."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as the history names it: ``unit`` is null unless the token names one."""

    sub: str
    roles: tuple[str, ...]
    unit: str | None

    @property
    def reads_the_city(self) -> bool:
        """Whether every ticket is visible; otherwise only those with an assignment in the unit's subtree."""
        return not CITY_READERS.isdisjoint(self.roles)


SYSTEM = Actor("system", (), None)
"""The actor of derived facts."""
