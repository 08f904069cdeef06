"""One effect for each (subject, method, path, key), whatever comes twice or at once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hotline_chassis.clocks import RealTime
from hotline_chassis.web.idempotency import LOCK, purge_idempotency, scope_of

from .conftest import Sample, problem_of


async def send(
    sample: Sample, key: str, body: Any, *, sub: str = "zhang", path: str = "items"
) -> httpx.Response:
    headers = {**sample.token("agent", sub=sub), "idempotency-key": key}
    return await sample.client.post(f"/api/v1/{path}", json=body, headers=headers)


async def test_the_same_key_and_body_give_the_stored_answer_and_one_effect(sample: Sample) -> None:
    first = await send(sample, "k1", {"title": "a"})
    second = await send(sample, "k1", {"title": "a"})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await sample.titles() == ["a"]


async def test_the_etag_is_replayed_with_the_answer(sample: Sample) -> None:
    created = await sample.create()
    headers = {**sample.token("agent"), "idempotency-key": "k"}
    path = f"/api/v1/items/{created['id']}"
    first = await sample.client.put(path, json={"title": "b"}, headers=headers)
    second = await sample.client.put(path, json={"title": "b"}, headers=headers)
    assert first.headers["etag"] == second.headers["etag"] == '"2"'


async def test_the_same_json_spelt_otherwise_is_the_same_body(sample: Sample) -> None:
    headers = {**sample.token("agent"), "idempotency-key": "k", "content-type": "application/json"}
    spellings = (b'{"title":"\\u706f","count":2}', '{ "count": 2, "title": "灯" }'.encode())
    answers = [await sample.client.post("/api/v1/items", content=raw, headers=headers) for raw in spellings]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert await sample.titles() == ["灯"]


async def test_the_same_key_with_another_body_is_refused(sample: Sample) -> None:
    await send(sample, "k1", {"title": "a"})
    problem_of(await send(sample, "k1", {"title": "b"}), "idempotency-key-reused")
    assert await sample.titles() == ["a"]


async def test_a_key_belongs_to_its_subject_and_path(sample: Sample) -> None:
    created = await sample.create("c")
    for answer in (
        await send(sample, "k1", {"title": "a"}, sub="zhang"),
        await send(sample, "k1", {"title": "a"}, sub="li"),
    ):
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
    headers = {**sample.token("agent", sub="zhang"), "idempotency-key": "k1"}
    renamed = await sample.client.put(f"/api/v1/items/{created['id']}", json={"title": "a"}, headers=headers)
    assert (renamed.status_code, "idempotency-replayed" in renamed.headers) == (200, False)
    assert await sample.titles() == ["a", "a", "a"]


@pytest.mark.parametrize("path", ["answers-itself", "explodes"])
async def test_an_answer_that_is_not_a_2xx_is_not_kept(sample: Sample, path: str) -> None:
    await send(sample, "k1", {"title": "a"}, path=path)
    async with sample.database.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0


async def test_equal_requests_at_once_have_one_effect(sample: Sample) -> None:
    answers = await asyncio.gather(*(send(sample, "k1", {"title": "a"}) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in created}) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem_of(answer, "idempotency-in-progress")
    assert await sample.titles() == ["a"]
    assert (await send(sample, "k1", {"title": "a"})).content == created[0].content


async def test_a_key_whose_request_still_runs_is_a_409(sample: Sample) -> None:
    scope = scope_of("zhang", "POST", "/api/v1/items", "k1")
    async with sample.database.transaction() as running:
        assert await running.connection.fetchval(LOCK, scope)
        answer = await send(sample, "k1", {"title": "a"})
    assert problem_of(answer, "idempotency-in-progress")
    assert answer.headers["retry-after"] == "1"
    assert (await send(sample, "k1", {"title": "a"})).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "é", "a\tb"])
async def test_a_key_that_is_not_visible_ascii_is_refused(sample: Sample, key: str) -> None:
    headers = [*sample.token("agent").items(), ("idempotency-key", key.encode("latin-1"))]
    answer = await sample.client.post("/api/v1/items", json={"title": "a"}, headers=headers)  # type: ignore[arg-type]
    errors = problem_of(answer, "invalid-input")["errors"]
    assert [(error["in"], error["pointer"]) for error in errors] == [("header", "/idempotency-key")]


async def test_two_keys_are_refused(sample: Sample) -> None:
    headers = [*sample.token("agent").items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = await sample.client.post("/api/v1/items", json={"title": "a"}, headers=headers)
    assert problem_of(answer, "invalid-input")["errors"][0]["pointer"] == "/idempotency-key"


async def test_a_key_of_255_characters_is_taken(sample: Sample) -> None:
    assert (await send(sample, "~" * 255, {"title": "a"})).status_code == 201


async def test_a_key_on_a_read_is_ignored(sample: Sample) -> None:
    headers = {**sample.token("auditor"), "idempotency-key": "a b"}
    assert (await sample.client.get("/api/v1/items", headers=headers)).status_code == 200


async def test_answers_are_forgotten_after_their_time_and_not_before(sample: Sample) -> None:
    await send(sample, "k1", {"title": "a"})
    async with sample.database.reading() as connection:
        stored_at = await connection.fetchval("SELECT stored_at FROM idempotency")
    assert abs(stored_at - RealTime().now()) < timedelta(minutes=1)
    await purge_idempotency(sample.database, stored_at)
    assert (await send(sample, "k1", {"title": "a"})).headers["idempotency-replayed"] == "true"
    await purge_idempotency(sample.database, stored_at + timedelta(microseconds=1))
    assert "idempotency-replayed" not in (await send(sample, "k1", {"title": "a"})).headers
    assert await sample.titles() == ["a", "a"]


async def test_a_kept_answer_could_be_read_in_the_database(sample: Sample) -> None:
    """Answers show subjects and descriptions, which stood there in plain text for seven days."""
    first = await send(sample, "k1", {"title": "路灯不亮"})
    async with sample.database.reading() as connection:
        body: bytes = await connection.fetchval("SELECT body FROM idempotency")
    assert "路灯不亮".encode() in first.content
    assert "路灯不亮".encode() not in body
    assert (await send(sample, "k1", {"title": "路灯不亮"})).content == first.content
