"""Entries over HTTP: written, submitted, reviewed, published."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline_contracts.canonical import GENESIS, chain_hash
from hotline_contracts.events.knowledge import EntryEvent, EntryPublishedV1, EntryWithdrawnV1

from .conftest import BELOW, BY, ENTRY, MORNING, OTHER, OWNER, Knowledge, done, unit_fact

HANDLER: dict[str, Any] = {"role": "unit_handler", "unit": OWNER}


def slug(answer: Any) -> str:
    kind: str = answer.json()["type"]
    return kind.removeprefix("urn:hotline:problem:")


@pytest.mark.rule("I7")
async def test_an_entry_is_written_submitted_reviewed_published_and_found(knowledge: Knowledge) -> None:
    entry = await knowledge.draft(source_url="https://www.example.gov.cn/a?b=1")
    assert (entry["state"], entry["version"], entry["published_version"], entry["unit"]) == (
        "draft",
        1,
        None,
        OWNER,
    )
    assert entry["allowed"] == ["submit", "versions", "withdraw"]
    for action, state in (("submit", "submitted"), ("approve", "published")):
        assert await knowledge.search("身份证") == []
        shown = await done(knowledge.act(entry, action))
        assert shown["state"] == state
    assert [item["entry_id"] for item in await knowledge.search("身份证")] == [entry["entry_id"]]
    assert shown["published_version"] == 1


@pytest.mark.rule("I7")
async def test_the_published_version_stays_found_until_the_new_one_is_approved(knowledge: Knowledge) -> None:
    entry = await knowledge.published(title="旧指南")
    shown = await done(knowledge.act(entry, "versions", {**ENTRY, "title": "新指南"}))
    assert (shown["version"], shown["state"], shown["published_version"]) == (2, "draft", 1)
    for action in ("submit", "reject"):
        await done(knowledge.act(entry, action, {"reason": "请核对费用"} if action == "reject" else None))
        assert await knowledge.titles("指南") == ["旧指南"]
    await knowledge.revised(entry, title="新指南二")
    assert await knowledge.titles("指南") == ["新指南二"]
    versions = (await done(knowledge.ask("GET", f"/entries/{entry['entry_id']}/versions")))["items"]
    assert [(v["version"], v["state"], v["reason"]) for v in versions] == [
        (3, "published", None),
        (2, "rejected", "请核对费用"),
        (1, "superseded", None),
    ]


@pytest.mark.rule("I7")
async def test_an_entry_is_found_within_its_validity_which_is_half_open(knowledge: Knowledge) -> None:
    since, until = MORNING + timedelta(days=1), MORNING + timedelta(days=2)
    entry = await knowledge.published(valid_from=since.isoformat(), valid_until=until.isoformat())
    for at, found in (
        (MORNING, False),
        (since - timedelta(microseconds=1), False),
        (since, True),
        (until - timedelta(microseconds=1), True),
        (until, False),
    ):
        knowledge.clock.set(at)
        assert bool(await knowledge.search("身份证")) is found
        if at == MORNING:
            continue  # the id is young: the answer would be waited for
        answer = await knowledge.ask("GET", f"/entries/{entry['entry_id']}", role="agent")
        assert answer.status_code == (200 if found else 404)


@pytest.mark.rule("I7")
async def test_a_version_for_later_lets_the_present_one_be_found_until_then(knowledge: Knowledge) -> None:
    entry = await knowledge.published(title="现行标准")
    since = MORNING + timedelta(days=10)
    await knowledge.revised(entry, title="新的标准", valid_from=since.isoformat())
    assert await knowledge.titles("标准") == ["现行标准"]
    knowledge.clock.set(since - timedelta(microseconds=1))
    assert await knowledge.titles("标准") == ["现行标准"]
    knowledge.clock.set(since)
    assert await knowledge.titles("标准") == ["新的标准"]
    knowledge.clock.set(MORNING)
    await knowledge.revised(entry, title="改后标准")
    for at in (MORNING, since):
        knowledge.clock.set(at)
        assert await knowledge.titles("标准") == ["改后标准"]


@pytest.mark.rule("I7")
async def test_a_withdrawn_entry_is_found_no_more_and_ends(knowledge: Knowledge) -> None:
    entry = await knowledge.published()
    await knowledge.revised(entry, upto="submit")
    shown = await done(knowledge.act(entry, "withdraw"))
    assert (shown["state"], shown["allowed"], shown["published_version"]) == ("withdrawn", [], None)
    assert await knowledge.search("身份证") == []
    refused = await knowledge.act(entry, "approve")
    assert (refused.status_code, slug(refused)) == (409, "not-allowed-in-state")
    assert refused.json()["allowed"] == []
    told = (await knowledge.facts())[-1].event
    assert isinstance(told, EntryWithdrawnV1)
    assert told.version == 1


@pytest.mark.rule("I7")
async def test_who_approves_is_never_who_wrote(knowledge: Knowledge) -> None:
    editor: dict[str, Any] = {"role": "knowledge_editor", "sub": "editor-1"}
    entry = await done(knowledge.ask("POST", "/entries", {**ENTRY, "unit": OWNER}, **editor))
    await done(knowledge.act(entry, "submit", **editor))
    refused = await knowledge.act(entry, "approve", **editor)
    assert (refused.status_code, slug(refused)) == (403, "forbidden")
    await done(knowledge.act(entry, "approve", role="knowledge_editor", sub="editor-2"))


@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_a_unit_decides_nothing(knowledge: Knowledge, action: str) -> None:
    entry = await knowledge.draft()
    assert (await knowledge.act(entry, action, {"reason": "x"}, **BY["withdraw"])).status_code == 403


@pytest.mark.parametrize(
    ("who", "unit", "status", "told"),
    [
        ({"role": "knowledge_editor"}, OWNER, 201, None),
        ({"role": "knowledge_editor"}, None, 422, "invalid-input"),
        ({"role": "knowledge_editor"}, "999999", 422, "unknown-unit"),
        ({"role": "unit_handler", "unit": OWNER}, None, 201, None),
        ({"role": "unit_handler", "unit": OWNER}, BELOW, 201, None),
        ({"role": "unit_handler", "unit": BELOW}, OWNER, 403, "forbidden"),
        ({"role": "unit_handler", "unit": OTHER}, OWNER, 403, "forbidden"),
        ({"role": "unit_handler", "unit": "999999"}, None, 422, "unknown-unit"),
        ({"role": "agent"}, OWNER, 403, "forbidden"),
    ],
)
async def test_entries_are_written_by_the_owner_unit_or_the_hotlines_editor(
    knowledge: Knowledge, who: dict[str, Any], unit: str | None, status: int, told: str | None
) -> None:
    answer = await knowledge.ask("POST", "/entries", {**ENTRY, "unit": unit}, **who)
    assert answer.status_code == status, answer.text
    if told:
        assert slug(answer) == told


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "  "},
        {"title": "长" * 201},
        {"body": "长" * 20001},
        {"kind": "news"},
        {"valid_from": "2026-03-02T09:00:00"},
        {"valid_until": "2026-03-01T00:00:00Z"},
        {"valid_from": "2026-04-02T00:00:00Z", "valid_until": "2026-04-02T00:00:00Z"},
        {"source_url": "javascript:alert(1)"},
        {"source_url": "https://x.cn/ y"},
        {"author": "我"},
    ],
)
async def test_an_entry_that_cannot_be_is_refused(knowledge: Knowledge, changes: dict[str, Any]) -> None:
    answer = await knowledge.ask("POST", "/entries", {**ENTRY, **changes}, **HANDLER)
    assert (answer.status_code, slug(answer)) == (422, "invalid-input")
    assert answer.json()["errors"]


async def test_versions_that_are_not_published_are_for_those_who_work_on_them(knowledge: Knowledge) -> None:
    entry = await knowledge.published(title="旧指南")
    await knowledge.revised(entry, upto="submit", title="新指南")
    path = f"/entries/{entry['entry_id']}"
    knowledge.clock.set(MORNING + timedelta(minutes=1))
    insiders: list[dict[str, Any]] = [HANDLER, {"role": "reviewer"}, {"role": "auditor"}]
    for who in insiders:
        shown = await done(knowledge.ask("GET", path, **who))
        assert (shown["title"], shown["state"]) == ("新指南", "submitted")
        assert (await knowledge.ask("GET", f"{path}/versions", **who)).status_code == 200
    outsiders: list[dict[str, Any]] = [{"role": "agent"}, {"role": "unit_handler", "unit": OTHER}]
    for who in outsiders:
        shown = await done(knowledge.ask("GET", path, **who))
        assert (shown["title"], shown["state"], shown["version"]) == ("旧指南", "published", 1)
        assert shown["allowed"] == []
        assert (await knowledge.ask("GET", f"{path}/versions", **who)).status_code in {403, 404}
    for action in ("versions", "withdraw"):
        assert (
            await knowledge.act(entry, action, ENTRY if action == "versions" else None, **outsiders[1])
        ).status_code == 404


async def test_lists_show_each_reader_what_is_theirs(knowledge: Knowledge) -> None:
    draft = await knowledge.draft(title="草稿")
    knowledge.clock.set(MORNING + timedelta(minutes=1))
    await knowledge.published(title="已发布", kind="policy")
    revised = await knowledge.published(title="已发布待改")
    await knowledge.revised(revised, upto="versions", title="修改稿")
    knowledge.clock.set(MORNING + timedelta(minutes=2))
    other = await done(
        knowledge.ask("POST", "/entries", {**ENTRY, "title": "别家"}, role="unit_leader", unit=OTHER)
    )

    async def titles(path: str = "", **who: Any) -> list[str]:
        return [
            item["title"] for item in (await done(knowledge.ask("GET", f"/entries{path}", **who)))["items"]
        ]

    assert set(await titles()) == {"草稿", "已发布", "修改稿", "别家"}
    assert set(await titles(**HANDLER)) == {"草稿", "已发布", "修改稿"}
    assert await titles(role="unit_leader", unit=OTHER) == ["别家"]
    assert set(await titles(role="agent")) == {"已发布", "已发布待改"}
    assert await titles("?state=draft", role="agent") == []
    assert set(await titles("?state=draft")) == {"草稿", "修改稿", "别家"}
    assert set(await titles("?state=published")) == {"已发布", "修改稿"}
    assert await titles("?kind=policy") == ["已发布"]
    assert await titles(f"?unit={OTHER}") == ["别家"]
    assert await titles(f"?unit={OTHER}", **HANDLER) == []
    first = await done(knowledge.ask("GET", "/entries?limit=3"))
    rest = await done(knowledge.ask("GET", f"/entries?limit=3&cursor={first['next']}"))
    ids = [item["entry_id"] for item in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    assert {ids[0], ids[-1]} == {other["entry_id"], draft["entry_id"]}


async def test_concurrent_edits_lose_nothing_and_the_second_is_told(knowledge: Knowledge) -> None:
    entry = await knowledge.draft()
    seen = {"If-Match": f'"{entry["revision"]}"'}
    answers = await asyncio.gather(
        *(
            knowledge.ask(
                "POST",
                f"/entries/{entry['entry_id']}/versions",
                {**ENTRY, "title": title},
                headers=seen,
                **HANDLER,
            )
            for title in ("甲稿", "乙稿", "丙稿")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    [won] = [answer.json() for answer in answers if answer.status_code == 201]
    shown = await knowledge.ask("GET", f"/entries/{entry['entry_id']}")
    assert (shown.json()["title"], shown.headers["ETag"]) == (won["title"], '"2"')
    unseen = await asyncio.gather(
        *(knowledge.act(entry, "versions", {**ENTRY, "title": title}) for title in ("丁稿", "戊稿"))
    )
    assert [answer.status_code for answer in unseen] == [201, 201]
    versions = (await done(knowledge.ask("GET", f"/entries/{entry['entry_id']}/versions")))["items"]
    assert [item["version"] for item in versions] == [4, 3, 2, 1]
    assert {item["title"] for item in versions[:2]} == {"丁稿", "戊稿"}


async def test_a_write_sent_twice_under_one_key_is_done_once(knowledge: Knowledge) -> None:
    key = {"Idempotency-Key": "k1"}
    first, again = [
        await knowledge.ask("POST", "/entries", dict(ENTRY), headers=key, **HANDLER) for _ in range(2)
    ]
    assert (first.json(), again.headers["Idempotency-Replayed"]) == (again.json(), "true")
    assert len(await knowledge.rows("SELECT 1 FROM entries")) == 1


async def test_every_step_is_a_fact_and_a_history_item_in_one_chain(knowledge: Knowledge) -> None:
    entry = await knowledge.published(valid_until="2027-01-01T00:00:00+08:00")
    await knowledge.revised(entry, upto="submit")
    await done(knowledge.act(entry, "reject", {"reason": "请核对"}))
    await done(knowledge.act(entry, "withdraw"))
    facts = await knowledge.facts()
    events = [fact.event for fact in facts if isinstance(fact.event, EntryEvent)]
    assert [(event.TYPE.split(".")[2], event.version) for event in events] == [
        ("drafted", 1),
        ("submitted", 1),
        ("published", 1),
        ("drafted", 2),
        ("submitted", 2),
        ("rejected", 2),
        ("withdrawn", 1),
    ]
    assert [fact.envelope.sequence for fact in facts] == list(range(1, 8))
    assert {(fact.envelope.subject, fact.envelope.key) for fact in facts} == {(entry["entry_id"],) * 2}
    published = facts[2].event
    assert isinstance(published, EntryPublishedV1)
    assert published.valid_from == facts[2].at
    previous = GENESIS
    rows = await knowledge.rows("SELECT * FROM history ORDER BY seq")
    for row, fact, event in zip(rows, facts, events, strict=True):
        assert row["hash"] == chain_hash(previous, row["item"]) == event.hash
        assert (row["seq"], row["at"], row["event_id"]) == (fact.envelope.sequence, fact.at, fact.event_id)
        assert rfc8785.dumps(orjson.loads(row["item"])) == row["item"]
        previous = row["hash"]


async def test_no_words_of_an_entry_travel_in_its_facts(knowledge: Knowledge) -> None:
    entry = await knowledge.draft(title="未公开的政策", body="内部口径")
    await done(knowledge.act(entry, "submit"))
    await done(knowledge.act(entry, "reject", {"reason": "口径不对"}))
    rows = await knowledge.rows("SELECT value FROM outbox UNION ALL SELECT item FROM history")
    assert not [row for row in rows if any(word in row["value"].decode() for word in ("政策", "口径"))]


async def test_units_may_come_in_any_order_and_move(knowledge: Knowledge) -> None:
    at = knowledge.clock.now()
    await knowledge.deliver(unit_fact("B1", "A1", 1, at))
    refused = await knowledge.ask("POST", "/entries", {**ENTRY, "unit": "B1"}, role="unit_leader", unit="A1")
    assert refused.status_code == 201, refused.text
    await knowledge.deliver(unit_fact("A1", None, 1, at), unit_fact("B1", OTHER, 2, at))
    moved = await knowledge.ask("POST", "/entries", {**ENTRY, "unit": "B1"}, role="unit_leader", unit="A1")
    assert moved.status_code == 403
    assert (await done(knowledge.ask("GET", "/entries", role="unit_leader", unit="A1")))["items"] == []
    assert len((await done(knowledge.ask("GET", "/entries", role="unit_leader", unit=OTHER)))["items"]) == 1


@pytest.mark.parametrize(
    "validity", [{"valid_from": "0001-01-01T00:00:00Z"}, {"valid_until": "9999-12-31T23:59:59.999999Z"}]
)
async def test_an_entry_that_held_since_or_for_all_time_broke_every_list_it_stood_in(
    knowledge: Knowledge, validity: dict[str, str]
) -> None:
    answer = await knowledge.ask("POST", "/entries", {**ENTRY, **validity}, **HANDLER)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(validity))}")


async def test_an_entry_nobody_wrote_is_not_found(knowledge: Knowledge) -> None:
    missing = {"entry_id": str(uuid4())}
    assert (await knowledge.ask("GET", f"/entries/{missing['entry_id']}")).status_code == 404
    assert (await knowledge.act(missing, "submit")).status_code == 404


ACTIONS = st.sampled_from(["versions", "submit", "approve", "reject", "withdraw"])


@pytest.mark.rule("I7")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(ACTIONS, st.sampled_from([0, 0, 30, 90])), max_size=12))
async def test_whatever_interleaving_of_edits_the_search_shows_no_unapproved_version(
    knowledge: Knowledge, steps: list[tuple[str, int]]
) -> None:
    """Each version names itself in its title; some begin to hold only later, and time goes on between."""
    knowledge.clock.set(MORNING)
    entry = await knowledge.draft(title="交错1")
    now, number, approved = 0, 1, set[int]()
    begins: dict[int, int] = {1: 0}
    for action, delay in steps:
        body: Any = {"reason": "退"} if action == "reject" else None
        if action == "versions":
            starts = MORNING + timedelta(minutes=now + delay)
            body = {**ENTRY, "title": f"交错{number + 1}", "valid_from": starts.isoformat()}
        answer = await knowledge.act(entry, action, body)
        if answer.is_success and action == "versions":
            number += 1
            begins[number] = now + delay
        if answer.is_success and action == "approve":
            approved = {old for old in approved if begins[old] < max(begins[number], now)} | {number}
            begins[number] = max(begins[number], now)
        if answer.is_success and action == "withdraw":
            approved = set()
        now += delay
        knowledge.clock.set(MORNING + timedelta(minutes=now))
        holding = [old for old in approved if begins[old] <= now]
        expected = [f"交错{max(holding)}"] if holding else []
        assert await knowledge.titles("交错") == expected
    if (await knowledge.act(entry, "withdraw")).is_success:
        assert await knowledge.titles("交错") == []


async def test_a_fact_carries_the_trace_of_the_request_that_made_it(knowledge: Knowledge) -> None:
    received = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await done(knowledge.ask("POST", "/entries", dict(ENTRY), headers={"traceparent": received}, **HANDLER))
    [fact] = await knowledge.facts()
    assert fact.envelope.traceparent is not None
    version, trace, span, _ = fact.envelope.traceparent.split("-")
    assert [version, trace] == received.split("-")[:2]
    assert span != received.split("-")[2]
