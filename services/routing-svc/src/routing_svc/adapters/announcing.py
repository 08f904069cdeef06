"""What every port of writing shares: the transaction's own stamps, announcements and view of the units."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event

_LINEAGES = "SELECT code, lineage FROM units WHERE code = ANY($1)"


class SqlAnnouncer:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    async def stamp(self, after: datetime | None = None) -> datetime:
        return await self._transaction.stamp(after)

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None:
        self._transaction.announce(
            event, event_id=event_id, subject=subject, key=key, sequence=sequence, at=at
        )

    async def lineages(self, codes: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        rows = await self._connection.fetch(_LINEAGES, list(codes))
        return {row["code"]: tuple(row["lineage"]) for row in rows}
