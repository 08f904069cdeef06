"""Every bad input has its answer, none of them a 5xx, none of them the value again."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from .conftest import Sample, problem_of

JSON = {"content-type": "application/json"}


def nested(levels: int) -> bytes:
    return b'{"title":"x","tags":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


BODIES = {
    "empty": (b"", "invalid-input", "body", ""),
    "blank": (b"  ", "malformed-body", None, None),
    "cut off": (b'{"title": "x"', "malformed-body", None, None),
    "not json": (b"title=x", "malformed-body", None, None),
    "bad utf-8": (b'{"title": "\xff\xfe"}', "malformed-body", None, None),
    "surrogate in utf-8": (b'{"title": "\xed\xa0\x80"}', "malformed-body", None, None),
    "utf-16": ('{"title": "x"}'.encode("utf-16"), "malformed-body", None, None),
    "byte order mark": (b'\xef\xbb\xbf{"title": "x"}', "malformed-body", None, None),
    "nan": (b'{"title": "x", "share": NaN}', "malformed-body", None, None),
    "infinity": (b'{"title": "x", "share": Infinity}', "malformed-body", None, None),
    "infinite number": (b'{"title": "x", "share": 1e999}', "malformed-body", None, None),
    "number of 5000 digits": (b'{"title": "x", "count": ' + b"9" * 5000 + b"}", "malformed-body", None, None),
    "number of 5000 digits beside a surrogate": (
        b'{"title": "\\ud800", "count": ' + b"9" * 5000 + b"}",
        "malformed-body",
        None,
        None,
    ),
    "33 levels": (nested(33), "malformed-body", None, None),
    "100,000 levels": (b"[" * 100_000, "malformed-body", None, None),
    "100,000 levels around a surrogate": (
        b"[" * 100_000 + b'"\\ud800"' + b"]" * 100_000,
        "malformed-body",
        None,
        None,
    ),
    "raw control character": (b'{"title": "a\x00b"}', "malformed-body", None, None),
    "escaped nul": (b'{"title": "a\\u0000b"}', "invalid-input", "body", "/title"),
    "nul in a key": (b'{"title": "x", "a\\u0000": 1}', "invalid-input", "body", ""),
    "lone high surrogate": (b'{"title": "\\ud800"}', "invalid-input", "body", "/title"),
    "lone low surrogate": (b'{"title": "\\uDC00x"}', "invalid-input", "body", "/title"),
    "surrogates the wrong way round": (b'{"title": "\\udc00\\ud800"}', "invalid-input", "body", "/title"),
    "surrogate deep inside": (
        b'{"title": "x", "requester": {"name": "\\udfff"}}',
        "invalid-input",
        "body",
        "/requester/name",
    ),
    "surrogate in a list": (b'{"title": "x", "tags": ["a", "\\ud8ff"]}', "invalid-input", "body", "/tags/1"),
    "integer nobody reads exactly": (
        b'{"title": "x", "count": 9007199254740992}',
        "invalid-input",
        "body",
        "/count",
    ),
    "missing field": (b"{}", "invalid-input", "body", "/title"),
    "missing inside": (b'{"title": "x", "requester": {}}', "invalid-input", "body", "/requester/name"),
    "null body": (b"null", "invalid-input", "body", ""),
    "list for an object": (b"[]", "invalid-input", "body", ""),
    "text for an object": (b'{"title": "x", "requester": "y"}', "invalid-input", "body", "/requester"),
    "unknown field": (b'{"title": "x", "titel": "y"}', "invalid-input", "body", "/titel"),
    "number for a text": (b'{"title": 1}', "invalid-input", "body", "/title"),
    "blank text": (b'{"title": " \\t "}', "invalid-input", "body", "/title"),
    "empty text": (b'{"title": ""}', "invalid-input", "body", "/title"),
    "201 characters": (json.dumps({"title": "字" * 201}).encode(), "invalid-input", "body", "/title"),
    "text for an integer": (b'{"title": "x", "count": "1"}', "invalid-input", "body", "/count"),
    "fraction for an integer": (b'{"title": "x", "count": 1.0}', "invalid-input", "body", "/count"),
    "boolean for an integer": (b'{"title": "x", "count": true}', "invalid-input", "body", "/count"),
    "integer for a boolean": (b'{"title": "x", "urgent": 1}', "invalid-input", "body", "/urgent"),
    "text for a number": (b'{"title": "x", "share": "1"}', "invalid-input", "body", "/share"),
    "unknown choice": (b'{"title": "x", "kind": "c"}', "invalid-input", "body", "/kind"),
    "number for an instant": (b'{"title": "x", "due_at": 1}', "invalid-input", "body", "/due_at"),
    "number text for an instant": (b'{"title": "x", "due_at": "1"}', "invalid-input", "body", "/due_at"),
    "naive instant": (
        b'{"title": "x", "due_at": "2026-02-01T09:00:00"}',
        "invalid-input",
        "body",
        "/due_at",
    ),
    "date for an instant": (b'{"title": "x", "due_at": "2026-02-01"}', "invalid-input", "body", "/due_at"),
    "no such day": (b'{"title": "x", "on": "2026-02-30"}', "invalid-input", "body", "/on"),
    "instant for a day": (b'{"title": "x", "on": "2026-02-01T00:00:00"}', "invalid-input", "body", "/on"),
    "no uuid": (b'{"title": "x", "other": "7"}', "invalid-input", "body", "/other"),
    "wrong item": (b'{"title": "x", "tags": ["a", 2]}', "invalid-input", "body", "/tags/1"),
    "too many items": (
        b'{"title": "x", "tags": ["a","a","a","a","a","a"]}',
        "invalid-input",
        "body",
        "/tags",
    ),
}


@pytest.mark.parametrize(("body", "slug", "where", "pointer"), BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_is_refused(
    sample: Sample, body: bytes, slug: str, where: str | None, pointer: str | None
) -> None:
    answer = await sample.client.post(
        "/api/v1/items", content=body, headers={**sample.token("agent"), **JSON}
    )
    document = problem_of(answer, slug)
    errors = [(error["in"], error["pointer"]) for error in document.get("errors", [])]
    assert errors == ([] if where is None else [(where, pointer)])
    assert await sample.titles() == []


GOOD_BODIES = {
    "32 levels are allowed by the reader": (nested(32), "/tags/0"),
    "escaped pair": (b'{"title": "\\ud83d\\ude00"}', None),
    "escaped backslash before u": (b'{"title": "\\\\u0000"}', None),
    "astral character": ('{"title": "𠀀"}'.encode(), None),
    "200 characters": (json.dumps({"title": "字" * 200}).encode(), None),
    "largest exact integer": (b'{"title": "x", "count": 9007199254740991}', None),
    "digits in a text": (b'{"title": "1234567890123456789012"}', None),
}


@pytest.mark.parametrize(("body", "pointer"), GOOD_BODIES.values(), ids=GOOD_BODIES.keys())
async def test_what_only_looks_bad_is_let_through(sample: Sample, body: bytes, pointer: str | None) -> None:
    answer = await sample.client.post(
        "/api/v1/items", content=body, headers={**sample.token("agent"), **JSON}
    )
    if pointer is None:
        assert answer.status_code == 201, answer.text
    else:
        assert problem_of(answer, "invalid-input")["errors"][0]["pointer"] == pointer


QUERIES = {
    "instant as number (read as 1970 by others)": ("from=1", "/from"),
    "instant without offset": ("from=2026-02-01T09:00:00", "/from"),
    "instant with a bare plus": ("from=2026-02-01T09:00:00+08:00", "/from"),
    "instant before all time": ("from=0001-01-01T00:00:00%2B08:00", "/from"),
    "first instant of all time (minus infinity to the driver)": ("from=0001-01-01T00:00:00Z", "/from"),
    "last instant of all time (infinity to the driver)": ("from=9999-12-31T23:59:59.9999999Z", "/from"),
    "instant with a leap second": ("from=2026-02-01T09:00:60Z", "/from"),
    "empty instant": ("from=", "/from"),
    "empty limit": ("limit=", "/limit"),
    "empty cursor": ("cursor=", "/cursor"),
    "instant or word": ("to=yesterday", "/to"),
    "nul": ("q=a%00b", ""),
    "bad utf-8": ("q=%ff", ""),
    "surrogate": ("q=%ED%A0%80", ""),
    "too long": ("q=" + "a" * 101, "/q"),
    "limit 0": ("limit=0", "/limit"),
    "limit 201": ("limit=201", "/limit"),
    "limit as text": ("limit=many", "/limit"),
    "cursor of nobody": ("cursor=abc", "/cursor"),
    "cursor of another list": ("cursor=WzEsMl0", "/cursor"),
    "cursor beyond time": (
        "cursor=WzkwMDAwMDAwMDAwMDAwMDAwMDAsICIwMTkwYjBhMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiXQ",
        "/cursor",
    ),
    "cursor with a text for an instant": (
        "cursor=WyJhIiwgIjAxOTBiMGEwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMCJd",
        "/cursor",
    ),
    "cursor not ascii": ("cursor=%E5%AD%97", "/cursor"),
}


@pytest.mark.parametrize(("query", "pointer"), QUERIES.values(), ids=QUERIES.keys())
async def test_a_bad_query_is_refused(sample: Sample, query: str, pointer: str) -> None:
    answer = await sample.client.get(f"/api/v1/items?{query}", headers=sample.token("auditor"))
    errors = problem_of(answer, "invalid-input")["errors"]
    assert [(error["in"], error["pointer"]) for error in errors] == [("query", pointer)]


@pytest.mark.parametrize(
    "start", ["2026-02-01T09:00:00%2B08:00", "2026-02-01t01:00:00z", "2026-02-01T01:00:00.123456789Z"]
)
async def test_an_instant_with_its_offset_is_read(sample: Sample, start: str) -> None:
    await sample.create()
    answer = await sample.client.get(f"/api/v1/items?from={start}&to=now", headers=sample.token("auditor"))
    assert len(answer.json()["items"]) == 1


async def test_a_bad_id_in_the_path_is_refused_before_it_is_looked_for(sample: Sample) -> None:
    for path, pointer in [("/api/v1/items/7", "/item_id"), ("/api/v1/items/a%00b", "")]:
        answer = await sample.client.get(path, headers=sample.token("auditor"))
        errors = problem_of(answer, "invalid-input")["errors"]
        assert [(error["in"], error["pointer"]) for error in errors] == [("path", pointer)]


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("size", "status"), [(256 * 1024, 422), (256 * 1024 + 1, 413)], ids=["256 KiB", "a byte more"]
)
async def test_a_body_over_256_kib_is_refused(
    sample: Sample, announced: bool, size: int, status: int
) -> None:
    body = b'{"title": "' + b"x" * (size - 13) + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    content: Any = body if announced else chunks()
    answer = await sample.client.post(
        "/api/v1/items", content=content, headers={**sample.token("agent"), **JSON}
    )
    problem_of(answer, "body-too-large" if status == 413 else "invalid-input")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
)
async def test_a_body_that_does_not_say_json_is_refused(sample: Sample, content_type: str | None) -> None:
    headers = sample.token("agent") | ({"content-type": content_type} if content_type else {})
    answer = await sample.client.post("/api/v1/items", content=b'{"title": "x"}', headers=headers)
    problem_of(answer, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.a+json"]
)
async def test_json_by_another_spelling_is_taken(sample: Sample, content_type: str) -> None:
    headers = {**sample.token("agent"), "content-type": content_type}
    answer = await sample.client.post("/api/v1/items", content=b'{"title": "x"}', headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(("body", "slug"), [(b'{"note": "x"}', "invalid-input"), (b"[", "malformed-body")])
async def test_an_action_without_a_body_refuses_one(sample: Sample, body: bytes, slug: str) -> None:
    created = await sample.create()
    headers = {**sample.token("unit_handler"), **JSON}
    path = f"/api/v1/items/{created['id']}/sign"
    problem_of(await sample.client.post(path, content=body, headers=headers), slug)
    problem_of(await sample.client.post(path, content=b"{}", headers=headers), "not-allowed-in-state")


SECRET = "王小明-13985312345-哨兵"
ECHOES: list[tuple[str, Any]] = [
    ("title", [SECRET]),
    ("title", SECRET * 20),
    ("kind", SECRET),
    ("count", SECRET),
    ("urgent", SECRET),
    ("share", SECRET),
    ("due_at", SECRET),
    ("on", SECRET),
    ("other", SECRET),
    ("requester", SECRET),
    ("requester", {"name": "x", "phone": SECRET}),
    ("requester", {"name": "x", SECRET: 1}),
    ("tags", {SECRET: SECRET}),
    (SECRET, 1),
]


@pytest.mark.parametrize(("field", "value"), ECHOES)
async def test_no_422_echoes_the_value_to_the_client_or_to_the_log(
    sample: Sample, capfd: pytest.CaptureFixture[str], field: str, value: Any
) -> None:
    body = {"title": "x", field: value}
    answer = await sample.client.post("/api/v1/items", json=body, headers=sample.token("agent"))
    problem_of(answer, "invalid-input")
    for text in (answer.text, *capfd.readouterr()):
        assert "13985312345" not in text
        assert "王小明" not in text


@pytest.mark.parametrize("path", ["explodes", "violates", "items"])
async def test_no_500_shows_what_it_failed_on(
    sample: Sample, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    body = {"title": f"fail at commit {SECRET}", "requester": {"name": "王小明"}}
    answer = await sample.client.post(f"/api/v1/{path}?q={SECRET}", json=body, headers=sample.token("agent"))
    document = problem_of(answer, "internal-error")
    logged = "".join(capfd.readouterr())
    for text in (answer.text, logged):
        assert "13985312345" not in text
        assert "王小明" not in text
    assert document["trace_id"] in answer.text
    assert "unforeseen" in logged
