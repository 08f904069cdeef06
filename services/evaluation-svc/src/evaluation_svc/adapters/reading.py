"""Lists of follow-ups and the month's counts, as PostgreSQL has them."""

from collections import defaultdict
from typing import Any

import asyncpg
from sqlalchemy import CTE, ColumnElement, Select, literal, select, true, tuple_

from evaluation_svc.adapters import statements
from evaluation_svc.adapters.policies import SqlPolicies
from evaluation_svc.adapters.rows import follow_up_of, rating_of
from evaluation_svc.adapters.tables import FOLLOW_UPS, UNITS
from evaluation_svc.application.queries import FollowUpFilter, TaskShown
from evaluation_svc.domain.months import Month
from evaluation_svc.domain.scorecards import Tally
from evaluation_svc.domain.units import Unit
from hotline_chassis.database import fetch_all


class SqlFollowUps:
    """Port ``FollowUpReader``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def page(self, wanted: FollowUpFilter, limit: int) -> list[TaskShown]:
        found = await fetch_all(self._connection, follow_up_ids(wanted, limit))
        ids = [row["follow_up_id"] for row in found]
        rows = await self._connection.fetch(statements.TASKS_BY_IDS, ids)
        return [
            TaskShown(row["ticket_id"], row["ticket_no"], follow_up_of(row), rating_of(row)) for row in rows
        ]


class SqlScorecards(SqlPolicies):
    """Port ``ScorecardReader``."""

    async def units(self) -> list[Unit]:
        return [Unit(*row) for row in await self._connection.fetch(statements.UNITS)]

    async def tallies(self, month: Month, *, first_rating_stands: bool) -> dict[str, Tally]:
        rows = await self._connection.fetch(
            statements.TALLIES, month.begins_at, month.ends_before, first_rating_stands
        )
        counted: dict[str, dict[str, dict[Any, int]]] = defaultdict(lambda: defaultdict(dict))
        for row in rows:
            word = (row["word"], row["solved"]) if row["kind"] == "rated" else row["word"]
            counted[row["unit"]][row["kind"]][word] = row["n"]
        return {unit: Tally(**kinds) for unit, kinds in counted.items()}


def follow_up_ids(wanted: FollowUpFilter, limit: int) -> Select[Any]:
    """Ids of one page, newest approval first; nothing outside the subtree that bounds the reader.

    Of a subtree the newest of each unit are read by that unit's index and then merged: a small unit would
    else be looked for among the follow-ups of the whole city.
    """
    if wanted.within is None:
        return _newest(wanted, limit)
    tree = _subtree(wanted.within)
    of_one = _newest(wanted, limit, FOLLOW_UPS.c.unit == tree.c.code).lateral()
    merged = select(of_one).select_from(tree.join(of_one, true()))
    return merged.order_by(of_one.c.since.desc(), of_one.c.follow_up_id.desc()).limit(limit)


def _newest(wanted: FollowUpFilter, limit: int, *also: ColumnElement[bool]) -> Select[Any]:
    order = (FOLLOW_UPS.c.since, FOLLOW_UPS.c.follow_up_id)
    query = select(*order).where(*also).order_by(*(column.desc() for column in order)).limit(limit)
    if wanted.state is not None:
        is_open = FOLLOW_UPS.c.outcome.is_(None)
        query = query.where(is_open if wanted.state == "open" else ~is_open)
    if wanted.unit is not None:
        query = query.where(FOLLOW_UPS.c.unit == wanted.unit)
    if wanted.ticket_id is not None:
        query = query.where(FOLLOW_UPS.c.ticket_id == wanted.ticket_id)
    if wanted.after is not None:
        query = query.where(
            tuple_(*order)
            < tuple_(*(literal(part, column.type) for part, column in zip(wanted.after, order, strict=True)))
        )
    return query


def _subtree(root: str) -> CTE:
    tree = select(literal(root).label("code")).cte("subtree", recursive=True)
    return tree.union(select(UNITS.c.code).join(tree, UNITS.c.parent == tree.c.code))
