"""``Idempotency-Key``: one effect for each (subject, method, path, key), its answer kept with it.

The answer is stored in the effect's own transaction, so there is never one without the other. A running
request holds an advisory lock of that transaction; whoever comes meanwhile is told to wait (409).
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database
from hotline_contracts.problems import IdempotencyInProgress, IdempotencyKeyReused, InvalidInput

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location", "link"})

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
FIND = "SELECT fingerprint, status, headers, body FROM idempotency WHERE scope = $1"
KEEP = """
INSERT INTO idempotency (scope, fingerprint, status, headers, body, stored_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
PURGE = "DELETE FROM idempotency WHERE stored_at < $1"


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """One keyed write: where its answer is kept, and what it asked for."""

    scope: str
    fingerprint: bytes


def idempotency_key(headers: Headers) -> str | None:
    """The request's key, or None.

    Raises:
        InvalidInput: not 1 to 255 visible ASCII characters, or several keys.
    """
    keys = headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise InvalidInput.at("header", "/idempotency-key", "应为一个由 1 至 255 个可见 ASCII 字符组成的键。")
    return keys[0]


def scope_of(sub: str, method: str, path: str, key: str) -> str:
    """Hex SHA-256 over subject, method, path and key."""
    return hashlib.sha256(f"{sub}\x1f{method}\x1f{path}\x1f{key}".encode()).hexdigest()


def fingerprint_of(body: Any, query: bytes = b"") -> bytes:
    """SHA-256 of what was asked: the JSON value whatever its spelling (None if empty), and the query."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS) + b"\x1f" + query).digest()


async def begin_keyed(
    connection: asyncpg.Connection, request: KeyedRequest, keys: MasterKeys
) -> Response | None:
    """The kept answer of an equal request, or None: then this transaction is the one to do it.

    Raises:
        IdempotencyInProgress: another transaction is at it.
        IdempotencyKeyReused: the key was used with another body.
    """
    # The lock first, in its own statement: the look after it must see what its last holder committed.
    if not await connection.fetchval(LOCK, request.scope):
        raise IdempotencyInProgress("相同幂等键的请求正在处理，请稍后重试。")
    row = await connection.fetchrow(FIND, request.scope)
    return None if row is None else _replay(row, request, keys)


def _replay(row: asyncpg.Record, request: KeyedRequest, keys: MasterKeys) -> Response:
    if row["fingerprint"] != request.fingerprint:
        raise IdempotencyKeyReused("该幂等键已用于内容不同的请求。")
    body = keys.open(row["body"], request.scope)
    return Response(body, row["status"], {**orjson.loads(row["headers"]), REPLAYED: "true"})


async def keep_answer(
    connection: asyncpg.Connection,
    request: KeyedRequest,
    response: Response,
    *,
    keys: MasterKeys,
    at: datetime,
) -> None:
    """Store a 2xx answer beside its effect, sealed: it may show personal data. ``at``: system clock."""
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    await connection.execute(
        KEEP,
        request.scope,
        request.fingerprint,
        response.status_code,
        orjson.dumps(headers),
        keys.seal(bytes(response.body), request.scope),
        at,
    )


async def purge_idempotency(database: Database, older_than: datetime) -> None:
    """Forget answers stored before ``older_than`` (system clock; one stored exactly then stays)."""
    async with database.transaction() as transaction:
        await transaction.connection.execute(PURGE, older_than)
