from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

SENT = {
    "channel": "import",
    "channel_ref": "外-9",
    "type": "complaint",
    "subject": "物业乱收费",
    "description": "物业公司擅自提高停车费。",
    "category": "住房保障/物业服务/物业收费",
    "area_code": "520402",
    "address": "东街3号",
    "location": {"lon": 105.9, "lat": 26.2, "datum": "CGCS2000"},
    "requester": {"name": "张三", "phone": "13812341234", "kind": "person", "confidential": True},
    "emergent": None,
    "linkage": {"system": "110", "number": "L-7", "level": None},
    "received_at": "2026-01-31T08:00:00+08:00",
}


@pytest.mark.rule("H2")
async def test_a_request_is_shown_as_it_was_sent_with_its_requester_masked(intake: Any) -> None:
    told = (await intake.post(SENT)).json()
    shown = (await intake.get(f"/api/v1/requests/{told['request_id']}")).json()
    assert shown == {
        **told,
        **SENT,
        "requester": {"name": "张*", "phone": "138****1234", "kind": "person", "confidential": True},
        "received_at": "2026-01-31T00:00:00.000000Z",
        "created_at": "2026-02-01T01:00:00.000000Z",
        "decided_at": "2026-02-01T01:00:00.000000Z",
    }


async def test_a_request_nobody_sent_is_not_found(intake: Any) -> None:
    assert (await intake.get(f"/api/v1/requests/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/requests/{id}"])
async def test_who_may_read(intake: Any, path: str) -> None:
    path = path.format(id=(await intake.post(intake.body())).json()["request_id"])
    for role in ("agent", "shift_leader", "dispatcher", "reviewer", "auditor"):
        assert (await intake.get(path, role=role)).status_code == 200
    for role in ("channel_client", "admin", "assessor"):
        assert (await intake.get(path, role=role)).status_code == 403


@pytest.mark.rule("N2")
async def test_the_screening_queue_is_what_waits_newest_first(intake: Any) -> None:
    waiting = []
    for hour in range(3):
        intake.clock.set(intake.clock.now() + timedelta(hours=1))
        waiting.append(await intake.held(subject=f"第{hour}件"))
        await intake.post(intake.body())
    await intake.decide(waiting.pop(0), "accept")
    queue = (await intake.get("/api/v1/requests", outcome="pending")).json()
    assert [item["request_id"] for item in queue["items"]] == waiting[::-1]
    assert [item["subject"] for item in queue["items"]] == ["第2件", "第1件"]
    assert queue["next"] is None


async def test_a_list_is_cut_by_channel_and_by_a_half_open_interval(intake: Any) -> None:
    start = intake.clock.now()
    for hour, channel in enumerate(("phone", "web", "phone", "web")):
        intake.clock.set(start + timedelta(hours=hour))
        await intake.post(intake.body(channel=channel))

    async def listed(**query: str) -> list[str]:
        page = (await intake.get("/api/v1/requests", **query)).json()
        return [item["created_at"][11:13] for item in page["items"]]

    until = (start + timedelta(hours=3)).isoformat()
    assert await listed(channel="web") == ["04", "02"]
    assert await listed(**{"from": (start + timedelta(hours=1)).isoformat(), "to": until}) == ["03", "02"]
    assert (await intake.get("/api/v1/requests", **{"from": "1"})).status_code == 422
    assert (await intake.get("/api/v1/requests", outcome="lost")).status_code == 422


async def test_pages_of_one_instant_lose_and_repeat_nothing(intake: Any) -> None:
    sent = {(await intake.post(intake.body())).json()["request_id"] for _ in range(5)}
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = await intake.get("/api/v1/requests", **query)
        seen += [item["request_id"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        assert 'rel="next"' in answer.headers["Link"]
        query["cursor"] = answer.json()["next"]
    assert len(seen) == 5
    assert set(seen) == sent


async def test_the_category_tree_is_shown_whole(intake: Any) -> None:
    tree = (await intake.get("/api/v1/categories", role="admin")).json()
    assert tree["next"] is None
    root = tree["items"][0]
    assert (root["name"], root["path"], root["level"]) == ("城乡建设", "城乡建设", 1)
    assert root["children"][0]["children"][0]["path"] == "城乡建设/安全生产/事故处理"
