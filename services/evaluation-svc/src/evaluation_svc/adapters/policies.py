"""The policy as this service knows it: its own copy of the published records."""

from datetime import datetime

import asyncpg

from evaluation_svc.adapters import statements
from evaluation_svc.application.ports import BeforeAllPolicies, EvaluationPolicy
from hotline_contracts.problems import Unavailable
from hotline_worktime.policy import FollowUpRules, ScorecardRules


class SqlPolicies:
    """Port ``PolicyReader``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def policy_at(self, instant: datetime) -> EvaluationPolicy:
        row = await self._connection.fetchrow(statements.POLICY_AT, instant)
        if row is None and await self._connection.fetchval(statements.ANY_POLICY):
            raise BeforeAllPolicies
        if row is None:
            raise Unavailable("政策尚未到达本服务，请稍后再试。")
        # A document stored before these sections existed has none of them, and goes by their defaults.
        return EvaluationPolicy(
            version=row["version"],
            follow_up=FollowUpRules.model_validate_json(row["follow_up"] or "{}"),
            scorecard=ScorecardRules.model_validate_json(row["scorecard"] or "{}"),
        )
