"""A 2xx means durable; anything else means nothing stayed (docs/decisions/0004)."""

import asyncio

import pytest

from .conftest import Sample, problem_of


async def test_a_created_item_is_there_when_its_201_arrives(sample: Sample) -> None:
    await sample.create("路灯")
    assert await sample.titles() == ["路灯"]


async def test_a_commit_that_the_database_refuses_is_a_500_and_stores_nothing(sample: Sample) -> None:
    answer = await sample.client.post(
        "/api/v1/items", json={"title": "fail at commit"}, headers=sample.token("agent")
    )
    problem_of(answer, "internal-error")
    assert await sample.titles() == []


async def test_a_failed_commit_stores_no_idempotent_answer_so_that_a_retry_can_succeed(
    sample: Sample,
) -> None:
    headers = {**sample.token("agent"), "idempotency-key": "k"}
    body = {"title": "fail at commit"}
    assert (await sample.client.post("/api/v1/items", json=body, headers=headers)).status_code == 500
    async with sample.database.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0
        await connection.execute("ALTER TABLE item DISABLE TRIGGER refuse_at_commit")
        again = await sample.client.post("/api/v1/items", json=body, headers=headers)
        await connection.execute("ALTER TABLE item ENABLE TRIGGER refuse_at_commit")
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert await sample.titles() == ["fail at commit"]


async def test_a_connection_that_dies_before_its_commit_is_a_503_and_stores_nothing(sample: Sample) -> None:
    answer = await sample.client.post(
        "/api/v1/dies-before-commit", json={"title": "gone"}, headers=sample.token("agent")
    )
    problem_of(answer, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert await sample.titles() == []
    await sample.create("the pool lives on")


async def test_a_swallowed_database_error_turns_commit_into_rollback_and_is_no_2xx(sample: Sample) -> None:
    answer = await sample.client.post("/api/v1/swallows", json={"title": "x"}, headers=sample.token("agent"))
    problem_of(answer, "internal-error")
    assert await sample.titles() == []


async def test_a_route_that_writes_reads_its_own_work_on_the_same_connection(sample: Sample) -> None:
    """More requests than connections, each reading and writing: with two connections each, they stood still."""
    async with asyncio.timeout(10):
        answers = await asyncio.gather(
            *(
                sample.client.post(
                    "/api/v1/counts", json={"title": f"{number}"}, headers=sample.token("agent")
                )
                for number in range(30)
            )
        )
    assert [answer.json() for answer in answers] == [1] * 30


@pytest.mark.parametrize(
    ("path", "slug"),
    [("explodes", "internal-error"), ("violates", "internal-error")],
    ids=["error", "driver"],
)
async def test_an_unforeseen_error_is_a_500_and_stores_nothing(sample: Sample, path: str, slug: str) -> None:
    answer = await sample.client.post(f"/api/v1/{path}", json={"title": "x"}, headers=sample.token("agent"))
    problem_of(answer, slug)
    assert await sample.titles() == []


async def test_a_refusal_undoes_what_was_done_before_it(sample: Sample) -> None:
    created = await sample.create("before")
    answer = await sample.client.post(
        f"/api/v1/items/{created['id']}/sign", headers=sample.token("unit_handler", sub="张科长")
    )
    document = problem_of(answer, "not-allowed-in-state")
    assert (document["state"], document["allowed"]) == ("closed", ["archive"])
    assert await sample.titles() == ["before"]


async def test_an_error_that_a_route_answers_by_itself_undoes_its_work_too(sample: Sample) -> None:
    answer = await sample.client.post(
        "/api/v1/answers-itself", json={"title": "x"}, headers=sample.token("agent")
    )
    assert answer.status_code == 409
    assert await sample.titles() == []
