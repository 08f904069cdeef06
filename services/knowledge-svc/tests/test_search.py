"""What is found, in which order."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_svc.domain.search_text import squeeze

from .conftest import Knowledge

ENTRIES = tomllib.loads((Path(__file__).parent / "data/entries.toml").read_text(encoding="utf-8"))["entry"]


@pytest.fixture
async def stocked(knowledge: Knowledge) -> Knowledge:
    for entry in ENTRIES:
        await knowledge.published(**entry)
    return knowledge


@pytest.mark.rule("I7")
async def test_every_entry_is_found_by_each_two_character_phrase_of_its_title(stocked: Knowledge) -> None:
    for entry in ENTRIES:
        for first, second in pairwise(squeeze(entry["title"])):
            assert entry["title"] in await stocked.titles(first + second), first + second


BEST = {
    "身份证丢了怎么补办": "居民身份证补领指南",
    "路灯": "路灯不亮怎么报修",
    "灯不": "路灯不亮怎么报修",
    "路灯坏了": "路灯不亮怎么报修",
    "停水了打什么电话": "市自来水公司服务电话",
    "0851-33221234": "市自来水公司服务电话",
    "085133221234": "市自来水公司服务电话",
    "3322 1234": "市自来水公司服务电话",
    "３３２２１２３４": "市自来水公司服务电话",
    "住房保障 物业管理": "市住房和城乡建设局职责",
    "异地就医备案": "医保异地就医如何备案",
    "新生儿上户口": "新生儿落户需要什么材料",
    "物业乱收费": "小区物业服务费投诉",
    "南华路18号": "市自来水公司服务电话",
    "119": "12345热线与110、119、120的分工",
    "税": None,
    "区块链": None,
}


async def test_people_find_what_they_look_for(stocked: Knowledge) -> None:
    found = {q: await stocked.titles(q) for q in BEST}
    assert {q: titles[0] if titles else None for q, titles in found.items()} == BEST


async def test_a_title_that_holds_the_words_stands_above_a_body_that_does(knowledge: Knowledge) -> None:
    await knowledge.published(title="公园开放时间", body="停车场 停车场 停车场 停车场 停车场")
    await knowledge.published(title="停车场收费标准", body="见公示牌。")
    await knowledge.published(title="老城区停车场管理办法", body="本办法适用于老城区。")
    found = await knowledge.search("停车场")
    assert [item["title"] for item in found] == ["停车场收费标准", "老城区停车场管理办法", "公园开放时间"]
    scores = [item["score"] for item in found]
    assert scores == sorted(scores, reverse=True)


async def test_a_hit_says_what_it_is_and_where_it_was_found(stocked: Knowledge) -> None:
    hit, *_ = await stocked.search("户籍窗口", limit=1)
    assert {key: hit[key] for key in ("title", "kind", "unit")} == {
        "title": "居民身份证补领指南",
        "kind": "guide",
        "unit": "520400-D01",
    }
    assert "<mark>户籍窗口</mark>" in hit["highlights"][0]


async def test_a_query_of_only_signs_finds_nothing(stocked: Knowledge) -> None:
    for q in ("，。", "%", "_", "'", "😀", "   ", "\\", "&|!():*", "<->"):
        assert await stocked.search(q) == [], q


async def test_signs_in_a_query_are_no_commands(stocked: Knowledge) -> None:
    await stocked.published(title="减免100元", body="ab")
    best = {"100%": "减免100元", "a_b": "减免100元", "证": "居民身份证补领指南"}
    lamps = dict.fromkeys(("路%灯", "'路灯' & !'不亮'", "路灯:*", "路_"), "路灯不亮怎么报修")
    for q, title in (best | lamps).items():
        assert title in await stocked.titles(q), q


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/search", "/q"),
        ("/search?q=", "/q"),
        ("/search?q=" + "长" * 101, "/q"),
        ("/search?q=x&limit=0", "/limit"),
        ("/search?q=x&limit=201", "/limit"),
    ],
)
async def test_a_query_that_cannot_be_is_refused(knowledge: Knowledge, path: str, pointer: str) -> None:
    answer = await knowledge.ask("GET", path, role="agent")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_query_may_be_long_and_a_text_full_of_long_words(knowledge: Knowledge) -> None:
    await knowledge.published(title="编号" + "x1" * 90, body="y" * 20000)
    assert len(await knowledge.search("x1" * 50)) == 1
    assert len(await knowledge.search("y" * 100)) == 1
    assert await knowledge.search(" ".join("一二三四五六七八九十" * 5)) == []
    await knowledge.published(title="长文", body="".join(chr(0x4E00 + at) for at in range(20000)))
    assert await knowledge.titles("一丁") == ["长文"]


@pytest.mark.rule("I7")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        st.one_of(
            st.sampled_from("路灯不亮身份证补领办事处12Aｂ，、（） -%_'"), st.characters(codec="utf-8")
        ),
        min_size=1,
        max_size=20,
    ).filter(lambda title: squeeze(title) and title.strip() and "\x00" not in title)
)
async def test_any_title_is_found_by_each_of_its_two_character_phrases(
    knowledge: Knowledge, title: str
) -> None:
    entry = await knowledge.published(title=title, body="正文")
    squeezed = squeeze(title)
    for phrase in {a + b for a, b in pairwise(squeezed)} or {squeezed}:
        found = await knowledge.search(phrase, limit=200)
        [hit] = [hit for hit in found if hit["entry_id"] == entry["entry_id"]]
        assert "<mark>" in hit["highlights"][0]
    await knowledge.act(entry, "withdraw")
