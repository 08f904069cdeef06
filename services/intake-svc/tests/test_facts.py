from typing import Any

import orjson
import pytest

from hotline_contracts.canonical import GENESIS, canonical, chain_hash

SECRETS = ("张三", "13812341234", "路灯", "东街", "138", "一周")


async def asked(intake: Any, **changes: Any) -> Any:
    requester = {"name": "张三", "phone": "138 1234 1234", "confidential": True}
    answer = await intake.post(intake.body(requester=requester, address="东街3号", **changes))
    assert answer.status_code == 201
    return answer.json()


async def test_an_accepted_request_tells_its_fact_and_its_text(intake: Any) -> None:
    told = await asked(intake, category="城乡建设/市政设施", emergent="area_outage")
    fact, text = await intake.facts()
    assert (fact.event.TYPE, text.event.TYPE) == ("intake.request.accepted.v1", "intake.text.put.v1")
    assert (fact.envelope.key, fact.envelope.subject) == (told["ticket_id"], told["request_id"])
    assert fact.envelope.sequence == text.envelope.sequence == 1
    assert text.envelope.key == text.envelope.subject == str(fact.event.text_id)
    assert fact.at == text.at == intake.clock.now()
    assert str(fact.event.ticket_id) == str(text.event.ticket_id) == told["ticket_id"]
    assert (fact.event.ticket_no, fact.event.category) == (told["ticket_no"], "城乡建设/市政设施")
    assert (fact.event.area_code, fact.event.emergent) == ("520400", "area_outage")
    assert fact.event.confidential is True


@pytest.mark.rule("H2")
async def test_the_text_that_travels_is_sealed_and_its_requester_masked(intake: Any) -> None:
    await asked(intake)
    _, text = await intake.facts()
    (key,) = await intake.rows("SELECT * FROM requesters")
    assert text.event.key_id == key["key_id"]
    assert intake.words(text, key) == {
        "subject": "小区门口路灯不亮",
        "description": "东街三号院门口的路灯坏了一周，老人夜里看不清路。",
        "address": "东街3号",
        "requester": {"name": "张*", "phone": "138****1234", "kind": "person"},
    }


@pytest.mark.rule("H2")
async def test_an_anonymous_request_has_a_key_of_its_own_and_no_requester_in_its_text(intake: Any) -> None:
    await intake.post(intake.body())
    await intake.post(intake.body(requester={"name": "张三"}))
    _, text, _, _ = await intake.facts()
    keys = await intake.rows(
        "SELECT k.* FROM requesters k JOIN requests USING (requester_id) ORDER BY created_at, ticket_no"
    )
    assert len(keys) == 2
    assert intake.words(text, keys[0])["requester"] is None


@pytest.mark.rule("H2")
async def test_no_table_holds_a_readable_word_of_the_requester(intake: Any) -> None:
    told = await asked(intake, channel_ref="话-1")
    held = await intake.held(requester={"name": "张三", "phone": "13812341234"})
    await intake.decide(held, "decline", {"reason": "other_body", "guidance": "张三您好，请找东街派出所。"})
    assert told["outcome"] == "accepted"
    for table in ("requests", "requesters", "request_history", "outbox"):
        for row in await intake.rows(f"SELECT * FROM {table}"):
            for column, value in row.items():
                seen = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                assert not any(secret in seen for secret in SECRETS[:4]), (table, column)


@pytest.mark.rule("H2")
async def test_a_phone_is_one_requester_however_it_is_written(intake: Any) -> None:
    for phone in ("13812341234", "+86 138-1234-1234", "138 1234 1234"):
        await intake.post(intake.body(requester={"phone": phone}))
    assert (await intake.counts())["requesters"] == 1
    rows = await intake.rows("SELECT DISTINCT requester_id FROM requests")
    assert len(rows) == 1


async def test_the_history_is_a_chain_that_the_facts_anchor(intake: Any) -> None:
    held = await intake.held()
    await intake.decide(held, "accept", role="shift_leader", sub="值班长")
    rows = await intake.rows("SELECT * FROM request_history ORDER BY seq")
    facts = [fact for fact in await intake.facts() if fact.envelope.topic == "intake.requests"]
    previous = GENESIS
    for row, fact in zip(rows, facts, strict=True):
        item = orjson.loads(row["item"])
        assert set(item) == {"seq", "event_id", "type", "at", "actor", "data"}
        assert canonical(item) == row["item"]
        assert row["hash"] == chain_hash(previous, row["item"]) == fact.event.hash
        assert (item["seq"], item["event_id"]) == (row["seq"], str(fact.event_id))
        assert (item["type"], fact.envelope.sequence) == (fact.event.TYPE, row["seq"])
        previous = row["hash"]
    assert orjson.loads(rows[1]["item"])["actor"] == {
        "sub": "值班长",
        "roles": ["shift_leader"],
        "unit": None,
    }


async def test_all_facts_of_one_request_have_one_key_so_that_they_keep_their_order(intake: Any) -> None:
    accepted, declined = await intake.held(), await intake.held()
    told = (await intake.decide(accepted, "accept")).json()
    await intake.decide(declined, "decline", {"reason": "emergency"})
    keys: dict[str, set[str]] = {accepted: set(), declined: set()}
    for fact in await intake.facts():
        if fact.envelope.topic == "intake.requests":
            keys[fact.envelope.subject].add(fact.envelope.key)
    assert keys[accepted] == {told["ticket_id"]}
    assert len(keys[declined]) == 1
