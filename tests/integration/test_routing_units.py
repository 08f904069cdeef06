"""Units, the directory, and the schema of routing-svc."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hotline_chassis.migrations import drift
from hotline_chassis.testing.postgres import DatabaseFactory
from routing_svc.adapters.tables import METADATA

from .routing_desk import Desk, done, open_desk, with_units


@pytest.fixture
async def desk(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await database_factory("routing_svc"), tmp_path) as opened:
        yield opened


def unit(code: str | None = None, parent: str | None = None, name: str = "某单位") -> dict[str, Any]:
    body = {"name": name, "group": "county", "parent": parent, "uscc": None}
    return body | ({"code": code} if code else {})


async def put(desk: Desk, code: str, **fields: Any) -> Any:
    return await done(desk.ask("PUT", f"/units/{code}", unit(**fields), role="admin"))


async def test_the_migrations_make_the_tables_that_the_code_describes(
    database_factory_of_each_version: DatabaseFactory,
) -> None:
    assert await drift(await database_factory_of_each_version("routing_svc"), METADATA) == []


async def test_every_version_of_a_unit_is_published(desk: Desk) -> None:
    created = await desk.ask("POST", "/units", unit("520402"), role="admin")
    assert created.status_code == 201
    assert (await put(desk, "520402", name="西秀区"))["version"] == 2
    assert (await put(desk, "520402", name="西秀区"))["version"] == 2  # the same again changes nothing
    events = await desk.outbox("reference.units")
    assert [(event["ce_subject"], event["ce_sequence"]) for event in events] == [
        ("520402", "1"),
        ("520402", "2"),
    ]
    assert events[1]["value"]["name"] == "西秀区"
    keys = await desk.rows("SELECT key FROM outbox ORDER BY id")
    assert [row["key"] for row in keys] == [b"520402:1", b"520402:2"]


async def test_a_code_is_created_once(desk: Desk) -> None:
    await put(desk, "520402")
    refused = await desk.ask("POST", "/units", unit("520402"), role="admin")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:hotline:problem:unit-exists")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (unit(parent="999999"), "unknown-unit"),
        (unit(parent="520402"), "invalid-input"),
        (unit(parent="520402-01"), "invalid-input"),
        (unit("520403"), "invalid-input"),
        ({"name": "x"}, "invalid-input"),
        (unit() | {"uscc": "短"}, "invalid-input"),
    ],
)
async def test_a_unit_that_cannot_be_is_refused(desk: Desk, body: dict[str, Any], slug: str) -> None:
    await put(desk, "520402")
    await put(desk, "520402-01", parent="520402")
    refused = await desk.ask("PUT", "/units/520402", body, role="admin")
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:hotline:problem:{slug}")


async def test_units_below_move_with_their_upper_unit(desk: Desk) -> None:
    await put(desk, "A1")
    await put(desk, "B1")
    await put(desk, "C1", parent="B1")
    await put(desk, "D1", parent="C1")
    await put(desk, "C1", parent="A1")
    rows = await desk.rows("SELECT code, lineage FROM units ORDER BY code")
    assert {row["code"]: row["lineage"] for row in rows} == {
        "A1": ["A1"],
        "B1": ["B1"],
        "C1": ["C1", "A1"],
        "D1": ["D1", "C1", "A1"],
    }


async def test_two_units_put_below_each_other_at_once_make_no_cycle(desk: Desk) -> None:
    await put(desk, "A1")
    await put(desk, "B1")
    answers = await asyncio.gather(
        desk.ask("PUT", "/units/A1", unit(parent="B1"), role="admin"),
        desk.ask("PUT", "/units/B1", unit(parent="A1"), role="admin"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_units_are_for_everybody_and_written_by_an_admin(desk: Desk) -> None:
    await with_units(desk)
    listed = await done(desk.ask("GET", "/units?group=county&limit=3", role="channel_client"))
    assert [item["code"] for item in listed["items"]] == ["520400-D01", "520400-D02", "520402"]
    rest = await done(desk.ask("GET", f"/units?group=county&limit=3&cursor={listed['next']}"))
    assert [item["code"] for item in rest["items"]] == ["520403"]
    assert (await done(desk.ask("GET", "/units?group=department")))["items"] == []
    for path in ("/units", "/directory"):
        assert (await desk.ask("POST", path, {})).status_code == 403


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"lead": "999999"}, "unknown-unit"),
        ({"supports": ["999999"]}, "unknown-unit"),
        ({"supports": ["520402"]}, "invalid-input"),
        ({"effective_to": "2026-03-01T00:00:00Z"}, "invalid-input"),
        ({"effective_from": "2026-03-01T00:00:00"}, "invalid-input"),
        ({"category": "城乡建设//供电"}, "invalid-input"),
        ({"category": "/"}, "invalid-input"),
    ],
)
async def test_a_directory_row_that_cannot_be_is_refused(
    desk: Desk, changes: dict[str, Any], slug: str
) -> None:
    await with_units(desk)
    body: dict[str, Any] = {"category": "城乡建设", "area_code": None, "lead": "520402", "supports": []}
    refused = await desk.ask("POST", "/directory", body | changes, role="admin")
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:hotline:problem:{slug}")


async def test_directory_rows_are_listed_newest_first(desk: Desk) -> None:
    await with_units(desk)
    for lead in ("520402", "520403"):
        await done(desk.ask("POST", "/directory", {"lead": lead}, role="admin"))
    listed = await done(desk.ask("GET", "/directory", role="admin"))
    assert {item["lead"] for item in listed["items"]} == {"520402", "520403"}
    assert listed["items"][0]["effective_from"] == "2026-03-02T01:00:00.000000Z"
