"""Taking in requests and their words, a batch at a time."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from routing_svc.adapters import statements
from routing_svc.adapters.announcing import SqlAnnouncer
from routing_svc.application.ports import HistoryRow, SealedText, WrappedKey
from routing_svc.domain.redo import FirstRating
from routing_svc.domain.tickets import Ticket


class SqlArrivalWork(SqlAnnouncer):
    """``ArrivalWork`` within the consumer's transaction."""

    async def insert(self, created: Sequence[tuple[Ticket, HistoryRow]]) -> set[UUID]:
        tickets = [ticket for ticket, _ in created]
        rows = [row for _, row in created]
        won = await self._connection.fetch(
            statements.INSERT_TICKETS,
            [ticket.ticket_id for ticket in tickets],
            [ticket.ticket_no for ticket in tickets],
            [ticket.site for ticket in tickets],
            [ticket.request_id for ticket in tickets],
            [ticket.state for ticket in tickets],
            [ticket.type for ticket in tickets],
            [ticket.nature for ticket in tickets],
            [ticket.category for ticket in tickets],
            [ticket.area_code for ticket in tickets],
            [ticket.emergent for ticket in tickets],
            [ticket.confidential for ticket in tickets],
            [ticket.round for ticket in tickets],
            [ticket.rejections for ticket in tickets],
            [ticket.text_id for ticket in tickets],
            [ticket.created_at for ticket in tickets],
            [ticket.version for ticket in tickets],
            [ticket.last_at for ticket in tickets],
            [ticket.last_hash for ticket in tickets],
            [row.ticket_id for row in rows],
            [row.seq for row in rows],
            [row.event_id for row in rows],
            [row.type for row in rows],
            [row.at for row in rows],
            [row.item for row in rows],
            [row.previous_hash for row in rows],
            [row.hash for row in rows],
        )
        return {row["ticket_id"] for row in won}

    async def put_texts(self, texts: Sequence[SealedText], keys: Sequence[WrappedKey]) -> None:
        latest = {text.text_id: text for text in texts}.values()
        await self._connection.execute(
            statements.PUT_TEXTS,
            [text.text_id for text in latest],
            [text.ticket_id for text in latest],
            [text.key_id for text in latest],
            [text.sealed for text in latest],
            [text.kind for text in latest],
            [key.key_id for key in keys],
            [key.master_key_id for key in keys],
            [key.wrapped for key in keys],
        )

    async def put_ratings(self, ratings: Mapping[UUID, FirstRating]) -> None:
        rows = sorted(ratings.items(), key=lambda row: row[0])
        await self._connection.execute(
            statements.PUT_RATINGS,
            [ticket_id for ticket_id, _ in rows],
            [rating.rating_id for _, rating in rows],
            [rating.level for _, rating in rows],
            [rating.redo_requested for _, rating in rows],
        )
