"""Who does something, and how much of the city that person may see."""

from dataclasses import dataclass

from hotline_contracts.values import ROLES, UNIT_ROLES

RATERS = frozenset({"reviewer", "shift_leader"})
"""Roles that ask requesters and enter what they say."""
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
"""Roles that see every follow-up of the city."""
READERS = CITY_READERS | UNIT_ROLES
SCORE_READERS = ROLES - {"channel_client"}
"""Roles that see scorecards: everybody but machines; those of units their own subtree's items only."""
CITY_SCORE_READERS = SCORE_READERS - UNIT_ROLES


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as the history names it: ``unit`` is null unless the token names one."""

    sub: str
    roles: tuple[str, ...]
    unit: str | None

    def confined_to(self, city: frozenset[str]) -> str | None:
        """The unit whose subtree bounds what this person sees; None for who has a role of ``city``.

        Any other role beside a unit's widens nothing.
        """
        return self.unit if city.isdisjoint(self.roles) else None


SYSTEM = Actor("system", (), None)
"""The actor of derived facts."""
