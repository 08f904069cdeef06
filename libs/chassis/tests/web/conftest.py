"""A sample service that uses every part of the web layer, on a real database, called in process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import Query, Request, Response
from pydantic import Field
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from starlette.responses import JSONResponse

from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.tables import CREATE_FIRST_FLOOR, metadata_with_chassis
from hotline_chassis.testing.postgres import Clones
from hotline_chassis.web.app import ServiceApp, create_service_app
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_chassis.web.etag import IfMatch, show_version
from hotline_chassis.web.fields import Day, Id, In, Instant, LongText, Out, ShortText, Whole
from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import ANY_ROLE, PUBLIC, WorkRouter
from hotline_chassis.web.work import CallerDep, Reading, Writing, equipment_of
from hotline_contracts.ids import act_id
from hotline_contracts.problems import PROBLEMS, NotAllowedInState, NotFound, StaleVersion

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
NOON = datetime(2026, 2, 1, 4, tzinfo=UTC)

SAMPLE_TABLES = """
CREATE TABLE item (id uuid PRIMARY KEY, title text NOT NULL, at timestamptz NOT NULL, version bigint NOT NULL);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'title is %', NEW.title USING ERRCODE = 'check_violation'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.title LIKE 'fail at commit%') EXECUTE FUNCTION refuse();
"""


class Requester(In):
    name: ShortText
    phone: Annotated[str, Field(pattern=r"^[0-9]{5,15}$")] | None = None


class NewItem(In):
    title: ShortText
    text: LongText | None = None
    kind: Literal["a", "b"] = "a"
    count: Whole = 1
    urgent: bool = False
    share: float | None = None
    due_at: Instant | None = None
    on: Day | None = None
    other: Id | None = None
    requester: Requester | None = None
    tags: Annotated[list[ShortText], Field(max_length=5)] = Field(default_factory=list)


class Rename(In):
    title: ShortText


class Item(Out):
    id: UUID
    title: str
    at: Instant
    version: int


def equipped_database(request: Request) -> Database:
    database = equipment_of(request).database
    assert database is not None
    return database


def shown(row: asyncpg.Record) -> Item:
    return Item(id=row["id"], title=row["title"], at=row["at"], version=row["version"])


router = WorkRouter(prefix="/api/v1", tags=["sample"])


@router.post("/items", roles=["agent"], status_code=201)
async def create(body: NewItem, work: Writing) -> Item:
    at = await work.stamp()
    row = await work.connection.fetchrow(
        "INSERT INTO item VALUES ($1, $2, $3, 1) RETURNING *", act_id(at), body.title, at
    )
    assert row is not None
    return shown(row)


@router.get("/items", roles=ANY_ROLE)
async def list_items(
    reading: Reading,
    paging: Paging,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | Literal["now"] | None, Query(alias="to")] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[Item]:
    after = paging.after(datetime, UUID)
    rows = await reading.fetch(
        """SELECT * FROM item WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::text IS NULL OR title LIKE $2)
        AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4::uuid)) ORDER BY at DESC, id DESC LIMIT $5""",
        start,
        q,
        *(after or (None, None)),
        paging.fetch,
    )
    return paging.page(rows, key=lambda row: (row["at"], row["id"]), show=shown)


@router.get("/items/{item_id}", roles=ANY_ROLE, refuses=[NotFound])
async def read_item(item_id: UUID, reading: Reading, response: Response) -> Item:
    row = await reading.fetchrow("SELECT * FROM item WHERE id = $1", item_id)
    if row is None:
        raise NotFound("没有这一项。")
    show_version(response, row["version"])
    return shown(row)


@router.put("/items/{item_id}", roles=["agent", "admin"], refuses=[NotFound, StaleVersion])
async def rename(item_id: UUID, body: Rename, work: Writing, expected: IfMatch, response: Response) -> Item:
    row = await work.connection.fetchrow("SELECT * FROM item WHERE id = $1 FOR UPDATE", item_id)
    if row is None:
        raise NotFound("没有这一项。")
    expected.check(row["version"])
    row = await work.connection.fetchrow(
        "UPDATE item SET title = $2, version = version + 1 WHERE id = $1 RETURNING *", item_id, body.title
    )
    assert row is not None
    show_version(response, row["version"])
    return shown(row)


@router.post("/items/{item_id}/sign", roles=["unit_handler"], refuses=[NotFound, NotAllowedInState])
async def sign(item_id: UUID, work: Writing, caller: CallerDep) -> Item:
    await work.connection.execute("UPDATE item SET title = $2 WHERE id = $1", item_id, caller.sub)
    raise NotAllowedInState("sign", "closed", ["archive"])


@router.get("/open", roles=PUBLIC)
async def read_open() -> dict[str, bool]:
    return {"open": True}


faults = WorkRouter(prefix="/api/v1", tags=["faults"])


@faults.post("/answers-itself", roles=["agent"])
async def answer_by_itself(body: NewItem, work: Writing) -> Response:
    await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", act_id(NOON), body.title)
    return JSONResponse({"refused": True}, 409)


@faults.post("/explodes", roles=["agent"])
async def explode(body: NewItem, work: Writing) -> Item:
    await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", act_id(NOON), body.title)
    raise ValueError(f"cannot work on {body.title} of {body.requester}")


@faults.post("/violates", roles=["agent"])
async def violate(body: NewItem, work: Writing) -> None:
    for _ in range(2):
        await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", UUID(int=1), body.title)


@faults.post("/swallows", roles=["agent"], status_code=201)
async def swallow(body: NewItem, work: Writing) -> dict[str, bool]:
    await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", act_id(NOON), body.title)
    with contextlib.suppress(asyncpg.PostgresError):
        await work.connection.execute("SELECT 1 / 0")
    return {"done": True}


@faults.post("/counts", roles=["agent"])
async def count_own(body: NewItem, work: Writing, reading: Reading) -> int:
    await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", act_id(NOON), body.title)
    seen: int = await reading.fetchval("SELECT count(*) FROM item WHERE title = $1", body.title)
    return seen


@faults.post("/dies-before-commit", roles=["agent"])
async def die_before_commit(body: NewItem, work: Writing, request: Request) -> None:
    await work.connection.execute("INSERT INTO item VALUES ($1, $2, now(), 1)", act_id(NOON), body.title)
    backend = work.connection.get_server_pid()
    async with equipped_database(request).reading() as other:
        await other.execute("SELECT pg_terminate_backend($1, 5000)", backend)


@faults.get("/who", roles=PUBLIC)
async def who_is_it(caller: CallerDep) -> str:
    return caller.sub


def problem_of(answer: httpx.Response, slug: str) -> dict[str, Any]:
    """The answer's problem document, which must be of this slug."""
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:hotline:problem:{slug}", answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code == PROBLEMS[slug].status
    assert document["title"] == PROBLEMS[slug].title
    assert any("\u4e00" <= letter <= "\u9fff" for letter in document["detail"])
    return document


@dataclass
class Sample:
    app: ServiceApp
    client: httpx.AsyncClient
    database: Database
    clock: VirtualTime
    issuer: DevIssuer

    def token(self, *roles: str, sub: str | None = None) -> dict[str, str]:
        unit = "520400-D01" if any(role.startswith("unit_") for role in roles) else None
        return {"authorization": f"Bearer {self.issuer.issue(roles, unit=unit, sub=sub)}"}

    async def create(self, title: str = "路灯不亮") -> dict[str, Any]:
        answer = await self.client.post("/api/v1/items", json={"title": title}, headers=self.token("agent"))
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def titles(self) -> list[str]:
        async with self.database.reading() as connection:
            return [row["title"] for row in await connection.fetch("SELECT title FROM item ORDER BY title")]


@pytest.fixture(scope="session")
async def sample_dsn(postgres_server: EmbeddedPostgres) -> AsyncIterator[dict[str, Any]]:
    """One migrated database for all tests of the web layer; each finds its tables empty."""
    async with Clones(postgres_server) as clones:
        dsn = await clones.create(None)
        connection = await asyncpg.connect(**dsn)
        for table in metadata_with_chassis().sorted_tables:
            await connection.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        await connection.execute(SAMPLE_TABLES)
        await connection.execute(CREATE_FIRST_FLOOR)
        await connection.close()
        yield dsn


@pytest.fixture
async def database(sample_dsn: dict[str, Any]) -> AsyncIterator[Database]:
    opened = await Database.connect(sample_dsn, VirtualTime(NOON), source="sample-svc")
    async with opened.reading() as connection:
        await connection.execute("DELETE FROM item; DELETE FROM idempotency")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevIssuer:
    return DevIssuer(tmp_path_factory.mktemp("keys"), RealTime())


@pytest.fixture
async def sample(database: Database, issuer: DevIssuer) -> AsyncIterator[Sample]:
    app = create_service_app(
        "sample",
        [router, faults],
        database=database,
        verifier=issuer.verifier(),
        system_clock=RealTime(),
        master_keys=MasterKeys({"1": bytes(32)}, "1", bytes(32)),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        clock = database.clock
        assert isinstance(clock, VirtualTime)
        yield Sample(app, client, database, clock, issuer)
