"""A city's days as data: who says or does what, and when. Nothing here was played yet."""

import hashlib
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from hotline_contracts.values import Emergent

Doing: TypeAlias = Literal[
    "accept",
    "decline",
    "dispatch",
    "sign",
    "interim-feedback",
    "reply",
    "reply/approve",
    "reply/reject",
    "attempt",
    "rate",
    "redo",
    "redo/refuse",
    "close",
]


Happening: TypeAlias = "tuple[datetime, Life, int]"
"""An instant, a life, and the place of its act that comes then; -1 for the request itself."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does with a request or its ticket.

    Attributes:
        unit: who acts, where a unit does; of a dispatch, the lead.
        of: of a decline as a repeat, the ``ref`` of the request whose ticket has the matter.
    """

    at: datetime
    do: Doing
    unit: str | None = None
    body: dict[str, Any] = {}
    of: str | None = None


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One request and all that becomes of it, up to the end of the plan.

    Attributes:
        ref: the channel's own number, unique in the plan.
        body: as it is sent.
        event: the common cause of a burst of calls, by name.
        lead: who handles it; None where it is declined.
    """

    ref: str
    at: datetime
    body: dict[str, Any]
    event: str | None = None
    lead: str | None = None
    supports: tuple[str, ...] = ()
    emergent: Emergent | None = None
    acts: tuple[Act, ...] = ()


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of many calls at once."""

    name: str
    title: str
    began: datetime


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is made from; the same spec gives the same plan.

    Attributes:
        scale: 1 is 700 requests on an ordinary working day, bursts apart.
    """

    seed: int = 12345
    scale: float = 1.0
    days: int = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``lives`` by instant of their request; the clock is left at ``ends``."""

    spec: Spec
    begins: datetime
    ends: datetime
    lives: tuple[Life, ...]
    occasions: tuple[Occasion, ...]

    def digest(self) -> str:
        """Equal for equal plans."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def happenings(self) -> list[Happening]:
        """Everything in order of time."""
        found: list[Happening] = [(life.at, life, -1) for life in self.lives]
        found += [(act.at, life, place) for life in self.lives for place, act in enumerate(life.acts)]
        return sorted(found, key=lambda happening: (happening[0], happening[1].ref, happening[2]))
