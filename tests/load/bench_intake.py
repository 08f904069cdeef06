"""P1: a complete ``POST /api/v1/requests`` against a bare application that inserts the same rows.

Both sides are a process of their own under uvicorn, on the same PostgreSQL with fsync on, and are loaded
in turns over 64 connections by this process. Access logs are off on both.
"""

import asyncio
import gc
import json
import os
import socket
import sys
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import orjson
import structlog
import uvicorn
import uvloop

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Connection, pack_headers
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.migrations import migrate
from hotline_chassis.service import Surroundings
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.base import Envelope
from intake_svc.main import build

Row: TypeAlias = dict[str, object]
SIDES = ("floor", "ours")
CONNECTIONS = 64
ROUNDS = 7
REQUESTS = 1920  # of each round and side
PASS, AIM = 0.7, 1.2
FLOOR_POOL = 8

DESCRIPTION = "东街三号院门口的路灯坏了一周，老人夜里看不清路，希望尽快派人来修。" * 3
INSERT = """
WITH i AS (
    INSERT INTO idempotency (scope, fingerprint, status, headers, body, stored_at)
    VALUES ($1, $2, 201, '{"content-type":"application/json"}', $3, $4)
), k AS (
    INSERT INTO requesters (requester_id, phone_hash, key_id, master_key_id, wrapped_key)
    VALUES ($5, $2, $5, '1', $6)
), r AS (
    INSERT INTO requests (request_id, channel, channel_ref, fingerprint, type, category, area_code, emergent,
        confidential, requester_id, sealed, outcome, held, ticket_id, ticket_no, text_id, created_at, decided_at, seq,
        last_at, last_hash)
    VALUES ($7, $8, $9, $2, $10, $11, $12, $13, false, $5, $14, 'accepted', false, $15, $16, $17, $4, $4, 1, $4, $18)
), h AS (
    INSERT INTO request_history (request_id, seq, item, hash) VALUES ($7, 1, $19, $18)
)
INSERT INTO outbox (topic, key, headers, value, event_id)
VALUES ('intake.requests', $20, $21, $22, $15), ('intake.texts', $23, $21, $24, $17)
"""


class Requester(msgspec.Struct):
    name: str | None = None
    phone: str | None = None


class Body(msgspec.Struct):
    channel: str
    type: str
    subject: str
    description: str
    channel_ref: str | None = None
    category: str | None = None
    area_code: str = "520400"
    emergent: str | None = None
    requester: Requester | None = None


class Floor:
    """The floor: decode, one statement, answer. What it writes has the sizes that ours has."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._decoder = msgspec.json.Decoder(Body)
        self._clock = RealTime()
        headers = Envelope(
            topic="t",
            key="k",
            event_id=UUID(int=0),
            type="intake.request.accepted.v1",
            source="intake-svc",
            subject=str(UUID(int=0)),
            at=self._clock.now(),
            sequence=1,
            value=None,
        ).headers()
        self._headers = pack_headers(headers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = self._decoder.decode((await receive())["body"])
        request_id, ticket_id, text_id, requester_id = (os.urandom(16) for _ in range(4))
        answer = orjson.dumps(
            {
                "request_id": request_id.hex(),
                "outcome": "accepted",
                "ticket_id": ticket_id.hex(),
                "ticket_no": "20260201-000001",
                "reason": None,
                "guidance": None,
            }
        )
        words = body.subject.encode() + body.description.encode()
        ticket = UUID(bytes=ticket_id)
        await self._pool.execute(
            INSERT,
            os.urandom(32).hex(), os.urandom(32), answer, self._clock.now(), UUID(bytes=requester_id), words[:60],
            UUID(bytes=request_id), body.channel, body.channel_ref, body.type, body.category, body.area_code,
            body.emergent, words[:200] + words, ticket, ticket_id.hex(), UUID(bytes=text_id), os.urandom(32).hex(),
            words[:450].ljust(450), ticket_id.hex().encode(), self._headers, words[:400].ljust(400),
            text_id.hex().encode(), b64encode(words) + words[:330],
        )  # fmt: skip
        await send(
            {
                "type": "http.response.start",
                "status": 201,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(answer)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer})


async def serve(side: str, dsn: dict[str, Any], folder: Path) -> None:
    """Be one side until killed; the port goes to standard output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    if side == "floor":
        pool = await asyncpg.create_pool(
            **dsn, min_size=FLOOR_POOL, max_size=FLOOR_POOL, connection_class=Connection
        )
        app: Any = Floor(pool)
    else:
        system_clock = RealTime()
        surroundings = Surroundings(
            dsn=dsn,
            bus=MemoryBus(system_clock),
            business_clock=system_clock,
            system_clock=system_clock,
            verifier=DevIssuer(folder, system_clock).verifier(),
            master_keys=MasterKeys.in_directory(folder),
            site="5204",
        )
        app = (await build(surroundings)).app
    listener = socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS * 2)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()  # as the product does once it is ready
    config = uvicorn.Config(app, lifespan="off", access_log=False, log_config=None, server_header=False)
    await uvicorn.Server(config).serve(sockets=[listener])


@dataclass
class Load:
    """One client of one side: 64 connections that each send their next request when answered."""

    port: int
    token: str
    latencies: list[float] = field(default_factory=list)

    async def run(self, requests: int) -> float:
        """Requests per second."""
        share = requests // CONNECTIONS
        sockets = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(CONNECTIONS)]
        prepared = [[self._request() for _ in range(share)] for _ in sockets]
        started = perf_counter()
        await asyncio.gather(*(self._talk(*pair, mine) for pair, mine in zip(sockets, prepared, strict=True)))
        took = perf_counter() - started
        for _, writer in sockets:
            writer.close()
        return share * CONNECTIONS / took

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: list[bytes]
    ) -> None:
        for request in requests:
            began = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            self.latencies.append(perf_counter() - began)
            if not head.startswith(b"HTTP/1.1 201"):
                raise AssertionError(head + answer)

    def _request(self) -> bytes:
        unique = os.urandom(8)
        body = orjson.dumps(
            {
                "channel": "phone",
                "channel_ref": unique.hex(),
                "type": "help",
                "subject": "小区门口路灯不亮",
                "description": DESCRIPTION,
                "category": "城乡建设/市政设施/路灯照明",
                "area_code": "520402",
                "requester": {"name": "张三", "phone": f"1{int.from_bytes(unique) % 10**10:010d}"},
            }
        )
        head = (
            f"POST /api/v1/requests HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.token}\r\n"
            f"Idempotency-Key: {unique.hex()}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@asynccontextmanager
async def _server(side: str, dsn: dict[str, Any], folder: Path) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.bench_intake", side, json.dumps(dsn), str(folder),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdout is None:
        raise AssertionError("the server has no standard output")
    try:
        yield int(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def _measure(folder: Path) -> dict[str, tuple[float, float]]:
    """Median requests per second and 99th percentile of the latency, by side."""
    postgres = EmbeddedPostgres(folder / "postgres")
    await postgres.start()
    token = DevIssuer(folder, RealTime()).issue(["agent"])
    try:
        for side in SIDES:
            await postgres.ensure_database(side)
            await migrate(postgres.dsn(side), "intake_svc")
        async with (
            _server("floor", postgres.dsn("floor"), folder) as floor_port,
            _server("ours", postgres.dsn("ours"), folder) as our_port,
        ):
            loads = {"floor": Load(floor_port, token), "ours": Load(our_port, token)}
            return await _interleaved(loads)
    finally:
        await postgres.stop()


async def _interleaved(loads: dict[str, Load]) -> dict[str, tuple[float, float]]:
    rates: dict[str, list[float]] = {side: [] for side in loads}
    tails: dict[str, list[float]] = {side: [] for side in loads}
    for turn in range(ROUNDS + 1):
        for side, load in loads.items():
            load.latencies.clear()
            rate = await load.run(REQUESTS)
            if turn:  # the first is for warming up
                rates[side].append(rate)
                tails[side].append(sorted(load.latencies)[len(load.latencies) * 99 // 100])
    return {side: (median(rates[side]), median(tails[side])) for side in loads}


async def rows() -> list[Row]:
    """P1, and P1a for its tail."""
    with tempfile.TemporaryDirectory() as folder:
        found = await _measure(Path(folder))
    (floor, floor_tail), (ours, our_tail) = found["floor"], found["ours"]
    what = f"POST /api/v1/requests, complete, {CONNECTIONS} connections, against one bare CTE"
    return [
        _row("P1", what, floor, ours, ours / floor, "requests/s", PASS, AIM),
        _row("P1a", f"{what}: p99", floor_tail * 1e3, our_tail * 1e3, floor_tail / our_tail, "ms", PASS, 1.0),
    ]


def _row(
    name: str, what: str, floor: float, ours: float, ratio: float, unit: str, least: float, aim: float
) -> Row:
    return {
        "row": name,
        "what": what,
        "floor": round(floor, 2),
        "ours": round(ours, 2),
        "ratio": round(ratio, 2),
        "unit": unit,
        "pass": least,
        "aim": aim,
        "passed": ratio >= least,
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(serve(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])))
    else:
        for row in asyncio.run(rows()):
            print(row)
