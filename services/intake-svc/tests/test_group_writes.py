import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from hotline_chassis.clocks import RealTime
from hotline_contracts.problems import Unavailable
from intake_svc.adapters.group_flush import GroupFlush
from intake_svc.adapters.group_retries import GroupRetries
from intake_svc.adapters.group_writer import GroupWriter
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.application.ports import Actor
from intake_svc.application.take_in import NewRequest, Stored, understand
from intake_svc.domain.requests import Matter, Person, Words

NOTHING = {"requests": 0, "requesters": 0, "request_history": 0, "outbox": 0, "idempotency": 0}

AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON requests DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.channel_ref = 'bad') EXECUTE FUNCTION at_commit()
"""
ONCE = """
CREATE SEQUENCE times;
CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('times') = 1 THEN {does}; END IF; RETURN NEW;
END $$;
CREATE TRIGGER once BEFORE INSERT ON requests FOR EACH ROW EXECUTE FUNCTION once()
"""
RAISE = "RAISE EXCEPTION 'no' USING ERRCODE = '{}'"


def a_request(ref: str | None = None, *, key: str | None = None, phone: str | None = None) -> NewRequest:
    matter = Matter(
        channel="phone",
        channel_ref=ref,
        type="help",
        category=None,
        area_code="520400",
        emergent=None,
        confidential=False,
        linkage=None,
        received_at=None,
    )
    person = None if phone is None else Person(name=None, phone=phone, kind="person")
    return understand(
        matter,
        Words(subject="路灯", description="坏了", address=None, location=None, person=person),
        None,
        actor=Actor(sub="a", roles=("agent",), unit=None),
        key_scope=key,
        fingerprint=b"same",
        now=datetime(2026, 2, 1, 1, tzinfo=UTC),
    )


def group_writes(intake: Any) -> GroupRetries:
    database = intake.service.database
    flush = GroupFlush(database, RequesterKeys(intake.keys), RealTime())
    return GroupRetries(flush, database, RealTime())


def statuses(outcomes: Sequence[Any]) -> list[Any]:
    return [outcome.status if isinstance(outcome, Stored) else type(outcome) for outcome in outcomes]


async def test_a_group_has_one_instant_and_every_number_once(intake: Any) -> None:
    outcomes = await group_writes(intake).write([a_request() for _ in range(50)])
    numbers = {orjson.loads(outcome.body)["ticket_no"] for outcome in outcomes if isinstance(outcome, Stored)}
    assert statuses(outcomes) == [201] * 50
    assert numbers == {f"20260201-{serial:06d}" for serial in range(1, 51)}
    assert len({fact.at for fact in await intake.facts()}) == 1
    assert await intake.counts() == {
        "requests": 50,
        "requesters": 50,
        "request_history": 50,
        "outbox": 100,
        "idempotency": 0,
    }


@pytest.mark.parametrize("code", ["P0001", "23514"])
async def test_a_group_whose_commit_fails_stores_nothing(intake: Any, code: str) -> None:
    await intake.execute(AT_COMMIT.format(does=RAISE.format(code)))
    answer = await intake.post(intake.body(channel_ref="bad"), key="k1")
    assert answer.status_code == 500
    assert await intake.counts() == NOTHING
    if code == "P0001":
        with pytest.raises(asyncpg.RaiseError):
            await group_writes(intake).write([a_request("good", key="k2"), a_request("bad")])
        assert await intake.counts() == NOTHING


async def test_a_server_process_killed_in_its_commit_is_never_a_success(intake: Any) -> None:
    await intake.execute(AT_COMMIT.format(does="PERFORM pg_terminate_backend(pg_backend_pid())"))
    answer = await intake.post(intake.body(channel_ref="bad"), key="k1")
    assert answer.status_code == 503
    assert await intake.counts() == NOTHING
    assert (await intake.post(intake.body(channel_ref="good"))).status_code == 201


async def test_a_commit_that_never_reached_the_server_is_never_a_success(wired: Any) -> None:
    intake, wire = wired
    wire.at_commit = "before"
    answer = await intake.post(intake.body(), key="k1")
    assert (answer.status_code, wire.cuts) == (503, 1)
    assert await intake.counts() == NOTHING
    assert (await intake.post(intake.body(), key="k1")).status_code == 201


async def test_a_commit_whose_answer_was_lost_is_looked_up_by_id(wired: Any) -> None:
    intake, wire = wired
    intake.service.database.outbox_written.clear()
    wire.at_commit = "after"
    answer = await intake.post(intake.body(), key="k1")
    again = await intake.post(intake.body(), key="k1")
    assert (answer.status_code, wire.cuts) == (201, 1)
    assert intake.service.database.outbox_written.raised
    assert again.json() == answer.json()
    assert (await intake.counts())["requests"] == 1


async def test_one_bad_row_does_not_fail_its_neighbours(intake: Any) -> None:
    await intake.execute("ALTER TABLE requests ADD CONSTRAINT good CHECK (channel_ref <> 'bad')")
    group = [a_request("1", key="k1"), a_request("bad", key="k2"), a_request("3", phone="12345")]
    outcomes = await group_writes(intake).write(group)
    assert statuses(outcomes) == [201, asyncpg.CheckViolationError, 201]
    assert (await intake.counts())["idempotency"] == 1
    assert (await intake.post(intake.body(channel_ref="bad"))).status_code == 500


async def test_a_deadlock_writes_the_group_again_and_once(intake: Any) -> None:
    await intake.execute(ONCE.format(does=RAISE.format("40P01")))
    outcomes = await group_writes(intake).write([a_request(key="k1"), a_request(key="k2")])
    assert statuses(outcomes) == [201, 201]
    assert (await intake.counts())["requests"] == 2


async def test_a_requester_who_goes_meanwhile_is_looked_for_again(intake: Any) -> None:
    await intake.post(intake.body(requester={"phone": "12345"}))
    await intake.execute(ONCE.format(does="DELETE FROM requests; DELETE FROM requesters"))
    outcomes = await group_writes(intake).write([a_request(phone="12345")])
    assert statuses(outcomes) == [201]
    assert (await intake.counts())["requesters"] == 1


async def test_two_requests_of_one_new_phone_in_one_group_are_one_requester(intake: Any) -> None:
    await group_writes(intake).write([a_request(phone="138 1234 1234"), a_request(phone="13812341234")])
    (key,) = await intake.rows("SELECT * FROM requesters")
    texts = [fact for fact in await intake.facts() if fact.envelope.topic == "intake.texts"]
    assert [intake.words(text, key)["subject"] for text in texts] == ["路灯", "路灯"]


async def test_a_new_phone_that_only_a_loser_brings_is_not_stored(intake: Any) -> None:
    writes = group_writes(intake)
    await writes.write([a_request("1", key="k1")])
    outcomes = await writes.write([a_request("1", phone="12345"), a_request("2", key="k1", phone="12345")])
    assert statuses(outcomes) == [200, 201]
    assert (await intake.counts())["requesters"] == 1


async def test_equal_keys_at_once_write_once(intake: Any) -> None:
    answers = await asyncio.gather(*(intake.post(intake.body(), key="k1") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await intake.counts() == {
        "requests": 1,
        "requesters": 1,
        "request_history": 1,
        "outbox": 2,
        "idempotency": 1,
    }


async def test_one_key_at_once_on_two_bodies_writes_one_and_refuses_the_other(intake: Any) -> None:
    answers = await asyncio.gather(
        *(intake.post(intake.body(subject=subject), key="k1") for subject in ("甲", "乙"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_one_number_at_once_exists_once_whatever_its_key(intake: Any) -> None:
    answers = await asyncio.gather(
        *(intake.post(intake.body(channel_ref="话-1"), key=f"k{n}") for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.content for answer in answers}) == 1


async def test_two_processes_with_the_same_keys_in_opposite_order_write_each_once(
    intake: Any, twin: Any
) -> None:
    def one(process: Any, number: int) -> Any:
        body = process.body(channel_ref=f"话-{number}", requester={"phone": f"1380000{number:04d}"})
        return process.post(body, key=f"k{number}")

    for start in range(0, 90, 30):
        numbers = range(start, start + 30)
        answers = await asyncio.gather(
            *(one(intake, number) for number in numbers), *(one(twin, number) for number in reversed(numbers))
        )
        assert {answer.status_code for answer in answers} == {201}
    assert await intake.counts() == {
        "requests": 90,
        "requesters": 90,
        "request_history": 90,
        "outbox": 180,
        "idempotency": 90,
    }


async def test_one_new_phone_in_two_groups_at_once_is_one_requester(intake: Any, twin: Any) -> None:
    body = intake.body(requester={"phone": "13812341234"})
    answers = await asyncio.gather(*(process.post(body) for process in (intake, twin) * 10))
    assert {answer.status_code for answer in answers} == {201}
    assert (await intake.counts())["requesters"] == 1


async def test_a_client_that_goes_away_loses_nothing(intake: Any) -> None:
    writer = GroupWriter(group_writes(intake).write)
    gone = asyncio.create_task(writer.submit(a_request("1")))
    stays = asyncio.create_task(writer.submit(a_request("2")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).status == 201
    await writer.close()
    assert (await intake.counts())["requests"] == 2


async def test_closing_writes_what_was_taken_and_takes_nothing_more(intake: Any) -> None:
    writer = GroupWriter(group_writes(intake).write, most=3)
    waiting = [asyncio.create_task(writer.submit(a_request())) for _ in range(20)]
    await asyncio.sleep(0)
    await writer.close()
    with pytest.raises(Unavailable):
        await writer.submit(a_request())
    assert [(await task).status for task in waiting] == [201] * 20
    assert (await intake.counts())["requests"] == 20


async def test_an_error_reaches_every_waiter_and_leaves_the_writer_working(intake: Any) -> None:
    writer = GroupWriter(group_writes(intake).write)
    await intake.execute(ONCE.format(does=RAISE.format("P0001")))
    failed = await asyncio.gather(*(writer.submit(a_request()) for _ in range(3)), return_exceptions=True)
    assert statuses(failed) == [asyncpg.RaiseError] * 3
    assert (await writer.submit(a_request())).status == 201
    await writer.close()


async def test_the_facts_of_many_do_not_pass_for_a_part_of_the_first_ones_trace(intake: Any) -> None:
    answers = await asyncio.gather(
        *(
            intake.client.post("/api/v1/requests", json=intake.body(), headers=intake.bearer("agent"))
            for _ in range(5)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert {fact.envelope.traceparent for fact in await intake.facts()} == {None}
