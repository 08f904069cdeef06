"""What can be read of follow-ups, and by which filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from evaluation_svc.domain.follow_ups import FollowUp
from evaluation_svc.domain.ratings import Rating

FollowUpState: TypeAlias = Literal["open", "ended"]


@dataclass(frozen=True, slots=True)
class FollowUpFilter:
    """Which follow-ups.

    Attributes:
        within: only of this unit's subtree (what the reader may see); None for the whole city.
        after: ``since`` and id of the last one already shown.
    """

    state: FollowUpState | None
    unit: str | None
    ticket_id: UUID | None
    within: str | None
    after: tuple[datetime, UUID] | None


@dataclass(frozen=True, slots=True)
class TaskShown:
    """A follow-up with its ticket and its rating, if there is one."""

    ticket_id: UUID
    ticket_no: str
    follow_up: FollowUp
    rating: Rating | None


class FollowUpReader(Protocol):
    async def page(self, wanted: FollowUpFilter, limit: int) -> list[TaskShown]:
        """Newest approval first."""
        ...
