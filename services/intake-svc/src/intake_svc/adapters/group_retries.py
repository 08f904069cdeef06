"""What becomes of a group whose transaction did not simply commit."""

import asyncio
from collections.abc import Sequence
from datetime import date

import asyncpg
import structlog

from hotline_chassis.clocks import SystemClock
from hotline_chassis.database import Database
from intake_svc.adapters.group_flush import AnswerVanished, Attempt, DayTurned, GroupFlush
from intake_svc.adapters.group_writer import Outcome
from intake_svc.application.take_in import NewRequest

log = structlog.get_logger(__name__)

TRIES = 5
LOOK_AGAIN_SECONDS = 0.05
PATIENCE_SECONDS = 10.0
REQUESTER_KEY = "fk_requests_requester_id"

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""After one of these, COMMIT may or may not have happened."""

_STILL_RUNNING = "SELECT pg_xact_status($1::text::xid8) = 'in progress'"
_HOW_MANY = "SELECT count(*) FROM requests WHERE request_id = ANY($1::uuid[])"


class GroupRetries:
    """Stores groups, whatever comes between.

    A deadlock, a requester who appeared or went meanwhile: the whole group again. A row that the database
    refuses: each request by itself, so that only that one fails. A lost connection: look by id whether
    the group is there; never write it again, the client decides that. Anything else fails everybody.
    """

    def __init__(self, flush: GroupFlush, database: Database, system_clock: SystemClock) -> None:
        self._flush = flush
        self._database = database
        self._system_clock = system_clock

    async def write(self, group: Sequence[NewRequest]) -> Sequence[Outcome]:
        """An outcome for each request; a ``Stored`` one is durable."""
        try:
            return await self._write_until_settled(group)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
            if len(group) == 1:
                raise
        log.warning("group.row_by_row", requests=len(group))
        return [await self._write_one(new) for new in group]

    async def _write_one(self, new: NewRequest) -> Outcome:
        try:
            (outcome,) = await self._write_until_settled([new])
        except Exception as error:  # noqa: BLE001 - it is this request's, not its neighbours'
            return error
        return outcome

    async def _write_until_settled(self, group: Sequence[NewRequest]) -> Sequence[Outcome]:
        day: date | None = None
        for left in reversed(range(TRIES)):
            try:
                return await self._write(group, day)
            except DayTurned as turned:
                day = turned.day
                problem: Exception = turned
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, AnswerVanished) as again:
                problem = again
            except asyncpg.ForeignKeyViolationError as violated:
                if violated.constraint_name != REQUESTER_KEY:
                    raise
                problem = violated
            log.info("group.again", problem=type(problem).__name__, left=left)
        raise problem

    async def _write(self, group: Sequence[NewRequest], day: date | None) -> Sequence[Outcome]:
        attempt = Attempt()
        try:
            await self._flush.write(group, attempt, day)
        except LOST:
            if not await self._is_stored(attempt):
                raise
            self._database.outbox_written.raise_()
        return attempt.outcomes

    async def _is_stored(self, attempt: Attempt) -> bool:
        """Whether a try whose COMMIT was not answered is durable; False also if nobody can say.

        Waits while the server is still at it: what is not there yet may come a moment later.
        """
        if not attempt.stored:
            return False
        until = self._system_clock.monotonic() + PATIENCE_SECONDS
        while self._system_clock.monotonic() < until:
            try:
                async with self._database.reading() as connection:
                    if not await _is_running(connection, attempt):
                        found: int = await connection.fetchval(_HOW_MANY, attempt.stored)
                        log.warning("group.looked_up", stored=found, of=len(attempt.stored))
                        return found == len(attempt.stored)
            except LOST:
                log.warning("group.cannot_look_up")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return False


async def _is_running(connection: asyncpg.Connection, attempt: Attempt) -> bool:
    try:
        return bool(await connection.fetchval(_STILL_RUNNING, attempt.xid))
    except asyncpg.InvalidParameterValueError:
        return False  # the server crashed and forgot that it ever gave this id out
