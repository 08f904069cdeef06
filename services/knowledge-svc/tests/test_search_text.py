"""How words are compared and shown, without a database."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge_svc.adapters.search_columns import all_of, any_of, half_of
from knowledge_svc.adapters.segmenting import RjiebaSegmenter
from knowledge_svc.domain.highlights import highlights
from knowledge_svc.domain.search_text import Query, fold, grams, query_of, squeeze

SEGMENTER = RjiebaSegmenter()
TEXTS = st.text(
    st.one_of(
        st.sampled_from("路灯不亮身份证补领0851-１２Aａ，。！ \n<&>'\"_%\\"), st.characters(codec="utf-8")
    ),
    max_size=60,
)


def asked(text: str) -> Query | None:
    return query_of(text, SEGMENTER.cut(fold(text)))


@pytest.mark.parametrize(
    ("text", "squeezed"),
    [
        ("路灯，不亮！", "路灯不亮"),
        ("ＳＩＭ卡 １２３４５", "sim卡12345"),
        ("0851-3322 1234", "085133221234"),
        ("100%_\\'", "100"),
        ("😀 —— …", ""),
    ],
)
def test_punctuation_width_and_capitals_do_not_count(text: str, squeezed: str) -> None:
    assert squeeze(text) == squeezed


@pytest.mark.parametrize("text", ["", " ", "，。？！", "%%%___", "''", "😀"])
def test_a_query_without_a_word_looks_for_nothing(text: str) -> None:
    assert asked(text) is None


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    query = asked("身份证丢了怎么补办")
    assert query is not None
    assert {"身份证", "补办"} <= set(query.words)
    assert not {"了", "怎么"} & set(query.words)
    alone = asked("怎么")
    assert alone is not None
    assert alone.words == ("怎么",)


def test_half_of_the_words_is_rounded_up_and_bounded() -> None:
    assert Query(("x",), ("a", "b", "c")).halves == [("a", "b"), ("a", "c"), ("b", "c")]
    assert Query(("x",), ()).halves == []
    long = asked("身份证 户口簿 派出所 医疗保险 公租房 自来水 路灯 停电 噪音 违建 停车费")
    assert long is not None
    assert len(long.words) == 8
    assert len(long.halves) == 70


def test_one_character_is_looked_for_as_itself_and_more_as_pairs() -> None:
    assert grams("路灯亮") == {"路", "灯", "亮", "路灯", "灯亮"}
    assert Query(("税",), ()).grams == ["税"]
    assert Query(("路灯亮",), ()).grams == ["灯亮", "路灯"]


def test_a_query_is_quoted_for_postgresql() -> None:
    query = Query(("x",), ("a'b", "c\\d"))
    assert all_of(query.words, "A") == "'a''b':A & 'c\\\\d':A"
    assert any_of(query.words) == "'a''b' | 'c\\\\d'"
    assert half_of(query) == "('a''b') | ('c\\\\d')"
    assert (all_of(()), any_of(()), half_of(Query(("x",), ()))) == (None, None, None)


def test_the_words_found_are_marked_in_title_and_body() -> None:
    query = asked("路灯报修")
    assert query is not None
    shown = highlights(query, "路灯不亮怎么报修", "前文。" * 20 + "请拨打０８５１报修路灯，" + "后文。" * 20)
    assert shown[0] == "<mark>路灯</mark>不亮怎么<mark>报修</mark>"
    assert shown[1].startswith("…")
    assert shown[1].endswith("…")
    assert "<mark>报修路灯</mark>" in shown[1]


def test_a_phone_number_is_marked_however_it_is_grouped() -> None:
    query = asked("08513322 1234")
    assert query is not None
    assert highlights(query, "电话", "拨打０８５１-3322 1234。") == [
        "拨打<mark>０８５１-3322</mark> <mark>1234</mark>。"
    ]


def test_markup_in_an_entry_is_shown_as_text() -> None:
    query = asked("script")
    assert query is not None
    [shown] = highlights(query, "<script>alert(1)</script>", "")
    assert shown == "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"


@given(TEXTS, TEXTS, TEXTS)
@example("a", "<mark>a</mark>", "")
def test_highlights_are_the_texts_own_words_and_only_marks_are_markup(q: str, title: str, body: str) -> None:
    query = asked(q)
    if query is None:
        return
    for shown in highlights(query, title, body):
        bare = html.unescape(re.sub("</?mark>", "", shown))
        assert bare in title or bare.strip("…") in body
        assert "<" not in shown.replace("<mark>", "").replace("</mark>", "")
    if squeeze(title) and query.terms[0] in squeeze(title):
        assert highlights(query, title, "")
