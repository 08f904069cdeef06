"""Acting on evaluations in PostgreSQL: the ticket's row lock orders everything that happens to one."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from evaluation_svc.adapters import statements
from evaluation_svc.adapters.policies import SqlPolicies
from evaluation_svc.adapters.rows import columns_of, evaluation_of
from evaluation_svc.application.ports import HistoryRow
from evaluation_svc.domain.evaluations import Evaluation
from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event
from hotline_contracts.problems import NotFound


class SqlEvaluationWork(SqlPolicies):
    """Port ``EvaluationWork`` within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction.connection)
        self._transaction = transaction

    async def stamp(self, after: datetime | None = None) -> datetime:
        return await self._transaction.stamp(after)

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None:
        self._transaction.announce(
            event, event_id=event_id, subject=subject, key=key, sequence=sequence, at=at
        )

    async def hold(self, ticket_ids: Collection[UUID]) -> dict[UUID, Evaluation]:
        ids = list(ticket_ids)
        heads = await self._connection.fetch(statements.HOLD_TICKETS, ids)
        if not heads:
            return {}
        self._transaction.take_floor(heads[0]["floor"])
        tasks: dict[UUID, list[Any]] = defaultdict(list)
        for row in await self._connection.fetch(statements.TASKS_OF_TICKETS, ids):
            tasks[row["ticket_id"]].append(row)
        return {head["ticket_id"]: evaluation_of(head, tasks[head["ticket_id"]]) for head in heads}

    async def hold_of_follow_up(self, follow_up_id: UUID) -> Evaluation:
        ticket_id = await self._connection.fetchval(statements.TICKET_OF_FOLLOW_UP, follow_up_id)
        if ticket_id is None:
            raise NotFound("未找到该回访任务。")
        return (await self.hold([ticket_id]))[ticket_id]

    async def save(self, evaluations: Sequence[Evaluation], rows: Sequence[HistoryRow]) -> None:
        columns = columns_of(evaluations, rows)
        await self._connection.execute(statements.SAVE, *columns, *self._transaction.take_outbox_columns())
