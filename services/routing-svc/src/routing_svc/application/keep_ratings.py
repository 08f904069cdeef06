"""Use case: keep what a requester said of the first round, which may come before the ticket itself."""

from collections.abc import Sequence

from hotline_contracts.events.evaluation import RatingGivenV1
from routing_svc.application.ports import ArrivalWork
from routing_svc.domain.redo import FirstRating


async def keep_ratings(work: ArrivalWork, events: Sequence[RatingGivenV1]) -> None:
    """Store the rating of each ticket's first round; only that one can ask for a redo. Source: rule I3."""
    first = {
        event.ticket_id: FirstRating(event.rating_id, event.level, event.redo_requested)
        for event in reversed(events)
        if event.round == 1
    }
    if first:
        await work.put_ratings(first)
