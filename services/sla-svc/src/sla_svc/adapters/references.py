"""Policies and calendars in PostgreSQL, and the rulebook made of them."""

from collections.abc import Sequence
from datetime import date

import asyncpg
import orjson

from hotline_worktime.calendars import CalendarDay, CalendarYear, WorkCalendar
from hotline_worktime.policy import Policy
from sla_svc.domain.rulebook import Rulebook

_ADD_POLICY = """
INSERT INTO policies (version, effective_from, author, reason, document) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
_ADD_CALENDARS = """
INSERT INTO calendars (layer, year, version, status, source, days)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::int[], $4::text[], $5::text[], $6::jsonb[])
ON CONFLICT DO NOTHING RETURNING layer, year, version
"""
_POLICIES = "SELECT version, effective_from, author, reason, document FROM policies ORDER BY version"
_CALENDARS = "SELECT layer, year, version, status, source, days FROM calendars ORDER BY layer, year, version"


class SqlReferences:
    """Published records within one transaction (port ``ReferenceStore``)."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def add_policies(self, policies: Sequence[Policy]) -> list[Policy]:
        return [policy for policy in policies if await self._add_policy(policy)]

    async def _add_policy(self, policy: Policy) -> bool:
        tag = await self._connection.execute(
            _ADD_POLICY,
            policy.version,
            policy.effective_from,
            policy.author,
            policy.reason,
            policy.document.model_dump_json(),
        )
        return tag == "INSERT 0 1"

    async def add_calendars(self, years: Sequence[CalendarYear]) -> list[CalendarYear]:
        rows = await self._connection.fetch(
            _ADD_CALENDARS,
            [year.layer for year in years],
            [year.year for year in years],
            [year.version for year in years],
            [year.status for year in years],
            [year.source for year in years],
            [_days_json(year) for year in years],
        )
        added = {(row["layer"], row["year"], row["version"]) for row in rows}
        return [year for year in years if (year.layer, year.year, year.version) in added]


class Rulebooks:
    """The rulebook of the stored records, read once: they are immutable, and nothing here adds any later."""

    def __init__(self) -> None:
        self._rulebook: Rulebook | None = None

    async def __call__(self, connection: asyncpg.Connection) -> Rulebook:
        if self._rulebook is None:
            self._rulebook = await load_rulebook(connection)
        return self._rulebook


async def load_rulebook(connection: asyncpg.Connection) -> Rulebook:
    policies = [_policy(row) for row in await connection.fetch(_POLICIES)]
    years = [_year(row) for row in await connection.fetch(_CALENDARS)]
    if not policies or not years:
        raise NotSeeded("policies and calendars are stored at the first start")
    return Rulebook(policies, WorkCalendar.of(years))


class NotSeeded(Exception):
    """The service was asked for a deadline before its references were stored."""


def _policy(row: asyncpg.Record) -> Policy:
    document = row["document"]
    values = {**row, "effective_from": row["effective_from"].isoformat()}
    del values["document"]
    head = orjson.dumps(values).decode()[:-1]
    return Policy.model_validate_json(f'{head},"document":{document}}}')


def _year(row: asyncpg.Record) -> CalendarYear:
    days = tuple(
        CalendarDay(date.fromisoformat(day["date"]), day["working"], day["name"])
        for day in orjson.loads(row["days"])
    )
    return CalendarYear(row["year"], row["layer"], row["version"], row["status"], row["source"], days)


def _days_json(year: CalendarYear) -> str:
    days = [{"date": day.on.isoformat(), "working": day.working, "name": day.name} for day in year.days]
    return orjson.dumps(days).decode()
