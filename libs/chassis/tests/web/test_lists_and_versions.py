"""Lists page by page, and versions that protect from lost updates."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_chassis.web.etag import Expected
from hotline_chassis.web.paging import KeyPart, decode_cursor, encode_cursor
from hotline_contracts.problems import InvalidInput, StaleVersion

from .conftest import Sample, problem_of

PARTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.integers(-(2**63 - 1), 2**63 - 1),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(PARTS, max_size=4))
def test_a_cursor_gives_its_key_back(key: list[KeyPart]) -> None:
    assert decode_cursor(encode_cursor(key), [type(part) for part in key]) == tuple(key)


@given(st.text(max_size=80))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(text, [datetime, UUID])


async def test_pages_hold_every_item_once_newest_first_and_link_to_the_next(sample: Sample) -> None:
    for number in range(7):
        sample.clock.set(sample.clock.now() + timedelta(seconds=1))
        await sample.create(f"item {number}")
    headers = sample.token("auditor")
    path, titles, sizes = "/api/v1/items?limit=3&from=2026-01-01T00:00:00%2B08:00&q=item%25", [], []
    while path:
        answer = await sample.client.get(path, headers=headers)
        page = answer.json()
        titles += [item["title"] for item in page["items"]]
        sizes.append(len(page["items"]))
        assert ("next" in answer.links) == (page["next"] is not None)
        path = answer.links["next"]["url"] if page["next"] else ""
        assert path.count("cursor=") == bool(path)
    assert titles == [f"item {number}" for number in reversed(range(7))]
    assert sizes == [3, 3, 1]


async def test_a_list_that_ends_with_its_page_has_no_next(sample: Sample) -> None:
    for _ in range(2):
        await sample.create()
    answer = await sample.client.get("/api/v1/items?limit=2", headers=sample.token("auditor"))
    assert (len(answer.json()["items"]), answer.json()["next"], "link" in answer.headers) == (2, None, False)


@pytest.mark.parametrize("limit", [1, 200])
async def test_the_limits_of_a_limit_are_allowed(sample: Sample, limit: int) -> None:
    await sample.create()
    answer = await sample.client.get(f"/api/v1/items?limit={limit}", headers=sample.token("auditor"))
    assert len(answer.json()["items"]) == 1


MATCHES = ["*", " * ", '"3"', 'W/"3"', '"1", "3"', '"1" ,W/"3"', None]
MISSES = ['"2"', 'W/"2"', '"1", "2"', '"33"', '""', '"*"']
UNREADABLE = ["3", '"3', '"3" "4"', "", '"3",', "W/3", '"3", *', '"字"']


@pytest.mark.parametrize("header", MATCHES)
def test_a_version_the_client_named_is_let_through(header: str | None) -> None:
    Expected(header).check(3)


@pytest.mark.parametrize("header", MISSES)
def test_a_version_the_client_did_not_name_is_stale(header: str) -> None:
    with pytest.raises(StaleVersion):
        Expected(header).check(3)


@pytest.mark.parametrize("header", UNREADABLE)
def test_an_unreadable_if_match_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput):
        Expected(header)


def test_a_hostile_if_match_is_refused_in_no_time() -> None:
    with pytest.raises(InvalidInput):
        Expected('"a",' + ' "a" ,' * 20_000 + "!")


async def test_a_stale_write_is_a_412_and_changes_nothing(sample: Sample) -> None:
    created = await sample.create("first")
    path, headers = f"/api/v1/items/{created['id']}", sample.token("agent")
    read = await sample.client.get(path, headers=headers)
    for title, expected in [("second", 200), ("third", 412)]:
        answer = await sample.client.put(
            path, json={"title": title}, headers={**headers, "if-match": read.headers["etag"]}
        )
        assert answer.status_code == expected
    problem_of(answer, "stale-version")
    assert await sample.titles() == ["second"]


async def test_not_found_comes_before_stale(sample: Sample) -> None:
    headers = {**sample.token("agent"), "if-match": '"9"'}
    answer = await sample.client.put(f"/api/v1/items/{UUID(int=5)}", json={"title": "x"}, headers=headers)
    problem_of(answer, "not-found")


async def test_a_kept_answer_was_given_to_a_request_with_an_unreadable_if_match(sample: Sample) -> None:
    created = await sample.create("first")
    path, headers = f"/api/v1/items/{created['id']}", {**sample.token("agent"), "idempotency-key": "k"}
    for extra, status in [
        ({}, 200),
        ({"if-match": ""}, 422),
        ({"if-match": "3"}, 422),
        ({"if-match": '"7"'}, 200),
    ]:
        answer = await sample.client.put(path, json={"title": "x"}, headers={**headers, **extra})
        assert answer.status_code == status


async def test_two_if_match_headers_are_one_list(sample: Sample) -> None:
    created = await sample.create("first")
    headers = [*sample.token("agent").items(), ("if-match", '"1"'), ("if-match", '"7"')]
    answer = await sample.client.put(f"/api/v1/items/{created['id']}", json={"title": "x"}, headers=headers)
    assert answer.status_code == 200
