from typing import Any

import pytest

FULL = {
    "channel_ref": "话-001",
    "category": "城乡建设/市政设施/路灯照明",
    "area_code": "520402",
    "address": "西秀区东街3号",
    "location": {"lon": 105.9, "lat": 26, "datum": "CGCS2000"},
    "requester": {"name": "张三", "phone": "13812341234", "kind": "person", "confidential": True},
    "emergent": "other_immediate",
}


async def test_an_accepted_request_has_its_ticket_in_the_answer(intake: Any) -> None:
    answer = await intake.post(intake.body(**FULL))
    told = answer.json()
    assert answer.status_code == 201
    assert set(told) == {"request_id", "outcome", "ticket_id", "ticket_no", "reason", "guidance"}
    assert told["outcome"] == "accepted"
    assert told["ticket_no"] == "20260201-000001"
    assert told["ticket_id"] != told["request_id"]
    assert told["reason"] is told["guidance"] is None


async def test_a_number_carries_the_date_of_shanghai(intake: Any) -> None:
    intake.clock.set(intake.clock.now().replace(hour=16, minute=0))  # midnight there
    assert (await intake.post(intake.body())).json()["ticket_no"] == "20260202-000001"


async def test_a_floor_beyond_midnight_takes_the_number_of_the_new_day(intake: Any) -> None:
    await intake.execute("UPDATE stamp_floor SET complete_before = '2026-02-02T00:00:00+08:00'")
    assert (await intake.post(intake.body())).json()["ticket_no"] == "20260202-000001"
    assert (await intake.facts())[0].at.isoformat() == "2026-02-01T16:00:00+00:00"


@pytest.mark.rule("N2")
async def test_a_held_request_has_neither_ticket_nor_number(intake: Any) -> None:
    answer = await intake.post(intake.body(decision="hold"))
    assert answer.status_code == 201
    assert answer.json()["outcome"] == "pending"
    assert answer.json()["ticket_id"] is answer.json()["ticket_no"] is None
    assert [fact.event.TYPE for fact in await intake.facts()] == ["intake.request.held.v1"]


@pytest.mark.rule("N7")
async def test_a_request_of_a_linked_service_is_accepted_even_if_it_should_be_held(intake: Any) -> None:
    linkage = {"system": "110", "number": "L-7"}
    answer = await intake.post(intake.body(channel="linkage", decision="hold", linkage=linkage))
    assert answer.json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"subject": " \t"}, "/subject"),
        ({"subject": "长" * 201}, "/subject"),
        ({"description": "长" * 20001}, "/description"),
        ({"channel": "fax"}, "/channel"),
        ({"type": None}, "/type"),
        ({"area_code": "5204"}, "/area_code"),
        ({"location": {"lon": 105.9, "lat": 26.2, "datum": "WGS84"}}, "/location/datum"),
        ({"location": {"lon": 181, "lat": 26.2, "datum": "CGCS2000"}}, "/location/lon"),
        ({"requester": {"phone": "138x"}}, "/requester/phone"),
        ({"requester": {"phone": "------"}}, "/requester/phone"),
        ({"requester": {"phone": "+86 138 1234 1234 00000"}}, "/requester/phone"),
        ({"requester": {"name": "", "phone": "12345"}}, "/requester/name"),
        ({"received_at": "2026-01-31T08:00:00+08:00"}, "/received_at"),
        ({"channel": "import", "received_at": "2026-01-31T08:00:00"}, "/received_at"),
        ({"channel": "import", "received_at": 1769817600}, "/received_at"),
        ({"channel": "linkage"}, "/linkage"),
        ({"unknown": 1}, "/unknown"),
        ({"decision": "decline"}, "/decision"),
    ],
)
async def test_bad_input_is_named_by_its_place(intake: Any, changes: Any, pointer: str) -> None:
    answer = await intake.post(intake.body(**changes))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:hotline:problem:invalid-input"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await intake.counts())["requests"] == 0


@pytest.mark.parametrize(
    "phone", ["12345", "0851-33221234", "+86 138 1234 1234", "13812341234", "0086 851 33221234"]
)
async def test_phones_are_taken_as_people_write_them(intake: Any, phone: str) -> None:
    assert (await intake.post(intake.body(requester={"phone": phone}))).status_code == 201


async def test_an_unknown_category_is_refused_by_name(intake: Any) -> None:
    answer = await intake.post(intake.body(category="城乡建设/没有这一类"))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:problem:unknown-category")


async def test_who_may_post_is_asked_before_what(intake: Any) -> None:
    nonsense = {"channel": 1}
    assert (await intake.client.post("/api/v1/requests", json=nonsense)).status_code == 401
    assert (await intake.post(nonsense, role="dispatcher")).status_code == 403
    assert (await intake.post(nonsense, role="agent")).status_code == 422


async def test_a_machine_posts_only_on_its_own_channel(intake: Any) -> None:
    web = {"role": "channel_client", "channel": "web"}
    assert (await intake.post(intake.body(channel="web"), **web)).status_code == 201
    assert (await intake.post({"channel": "app"}, **web)).status_code == 403
    assert (await intake.post(intake.body(channel="web"), role="channel_client")).status_code == 403


async def test_bodies_that_are_no_json_object_are_refused(intake: Any) -> None:
    headers = {**intake.bearer("agent"), "Content-Type": "application/json"}
    post = intake.client.post
    assert (await post("/api/v1/requests", content=b"{", headers=headers)).status_code == 400
    assert (await post("/api/v1/requests", content=b"\xff", headers=headers)).status_code == 400
    assert (await post("/api/v1/requests", content=b"", headers=headers)).status_code == 422
    assert (await post("/api/v1/requests", content=b"[]", headers=headers)).status_code == 422
    assert (await post("/api/v1/requests", content=b" " * 262145, headers=headers)).status_code == 413
    plain = {**headers, "Content-Type": "text/plain"}
    assert (await post("/api/v1/requests", content=b"{}", headers=plain)).status_code == 415
    assert (await intake.post(intake.body(subject="a\x00b"))).status_code == 422
    assert (await intake.client.put("/api/v1/requests", headers=headers)).status_code == 405


async def test_the_same_key_gives_the_same_answer_and_no_second_request(intake: Any) -> None:
    first = await intake.post(intake.body(), key="k1")
    again = await intake.post(intake.body(), key="k1")
    other = await intake.post(intake.body(subject="另一件事"), key="k1")
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (422, "urn:hotline:problem:idempotency-key-reused")
    assert (await intake.counts())["requests"] == 1


async def test_keys_of_two_people_are_two_keys(intake: Any) -> None:
    await intake.post(intake.body(), key="k1", sub="a")
    await intake.post(intake.body(), key="k1", sub="b")
    assert (await intake.counts())["requests"] == 2


@pytest.mark.rule("H1")
async def test_a_request_sent_twice_over_a_channel_exists_once(intake: Any) -> None:
    first = await intake.post(intake.body(channel_ref="话-1"))
    again = await intake.post(intake.body(channel_ref="话-1"))
    other = await intake.post(intake.body(channel_ref="话-1", subject="另一件事"))
    elsewhere = await intake.post(intake.body(channel_ref="话-1", channel="web"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["type"]) == (409, "urn:hotline:problem:channel-ref-used")
    assert elsewhere.status_code == 201
    assert (await intake.counts())["requests"] == 2


@pytest.mark.rule("H1")
async def test_a_repeated_number_is_answered_as_it_was_at_first(intake: Any) -> None:
    body = intake.body(channel_ref="话-1", decision="hold")
    first = await intake.post(body)
    await intake.decide(first.json()["request_id"], "accept")
    assert (await intake.post(body)).json() == first.json()


async def test_a_new_key_on_a_repeated_number_keeps_the_earlier_answer(intake: Any) -> None:
    first = await intake.post(intake.body(channel_ref="话-1"), key="k1")
    second = await intake.post(intake.body(channel_ref="话-1"), key="k2")
    again = await intake.post(intake.body(channel_ref="话-1"), key="k2")
    assert (second.status_code, second.json()) == (200, first.json())
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_key_whose_request_was_refused_is_free_again(intake: Any) -> None:
    await intake.post(intake.body(channel_ref="话-1"))
    refused = await intake.post(intake.body(channel_ref="话-1", subject="另一件事"), key="k1")
    retried = await intake.post(intake.body(channel_ref="话-2", subject="另一件事"), key="k1")
    assert (refused.status_code, retried.status_code) == (409, 201)


async def test_the_document_describes_the_raw_route(intake: Any) -> None:
    operation = intake.service.app.openapi()["paths"]["/api/v1/requests"]["post"]
    assert set(operation["responses"]) == {
        "200",
        "201",
        "400",
        "401",
        "403",
        "409",
        "413",
        "415",
        "422",
        "503",
    }
    assert operation["x-roles"] == ["agent", "channel_client", "shift_leader"]
