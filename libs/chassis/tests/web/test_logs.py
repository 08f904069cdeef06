"""Logs are JSON lines that hold no personal data, whatever is put into them."""

import io
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from hotline_chassis.clocks import VirtualTime
from hotline_chassis.logs import MASK, PERSONAL, configure_logging, log_to_file

from .conftest import NOON, Sample


class FixedSystemTime(VirtualTime):
    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The stream that everything is logged to during the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    configure_logging(FixedSystemTime(NOON), service="sample-svc", stream=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_tells_what_where_and_when_on_the_system_clock(stream: io.StringIO) -> None:
    structlog.get_logger().info("relay started", partitions=4)
    assert lines(stream) == [
        {
            "event": "relay started",
            "level": "info",
            "at": "2026-02-01T04:00:00.000000Z",
            "service": "sample-svc",
            "partitions": 4,
        }
    ]


def test_personal_fields_are_masked_at_any_depth(stream: io.StringIO) -> None:
    for name in PERSONAL:
        structlog.get_logger().info("x", **{name: "王小明"}, deep=[{"a": {name: {"b": "王小明"}}}])
    assert "王小明" not in stream.getvalue()
    assert lines(stream)[0]["deep"][0]["a"] != {}
    assert MASK in stream.getvalue()


@pytest.mark.parametrize("number", ["13985312345", "0851-33221100", "085133221100", "52040219900101123X"])
def test_numbers_of_people_are_masked_in_every_text(stream: io.StringIO, number: str) -> None:
    structlog.get_logger().warning(
        f"called {number}", why=f"({number})", items=[number, {"k": number}], odd=Path(number)
    )
    logging.getLogger("asyncpg").warning("Key (phone)=(%s) already exists", number)
    assert number not in stream.getvalue()
    assert len(lines(stream)) == 2


@pytest.mark.parametrize("harmless", ["20260201-000017", "0190b0a0-0000-7000-8000-013985312345", "520402"])
def test_ids_stay_readable(stream: io.StringIO, harmless: str) -> None:
    structlog.get_logger().info("x", ticket=harmless)
    assert lines(stream)[0]["ticket"] == harmless


def test_of_an_exception_only_its_type_is_kept(stream: io.StringIO) -> None:
    try:
        int("王小明")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("uvicorn").exception("failed as well")
    assert "王小明" not in stream.getvalue()
    assert [line["error"] for line in lines(stream)] == ["builtins.ValueError"] * 2


async def test_the_access_log_names_the_template_and_never_the_query(
    sample: Sample, stream: io.StringIO
) -> None:
    created = await sample.create()
    headers = sample.token("auditor")
    await sample.client.get(f"/api/v1/items/{created['id']}?phone=13985312345&name=abc", headers=headers)
    await sample.client.get("/r/secret-token")
    await sample.client.get("/livez")
    written = [(line["route"], line["method"], line["status"]) for line in lines(stream)]
    assert written == [
        ("/api/v1/items", "POST", 201),
        ("/api/v1/items/{item_id}", "GET", 200),
        ("unmatched", "GET", 404),
    ]
    assert len({line["trace_id"] for line in lines(stream)}) == 3
    for secret in ("13985312345", "abc", "secret-token", created["id"], headers["authorization"]):
        assert secret not in stream.getvalue()


async def test_an_unforeseen_error_can_be_found_by_its_trace(sample: Sample, stream: io.StringIO) -> None:
    answer = await sample.client.post("/api/v1/explodes", json={"title": "x"}, headers=sample.token("agent"))
    found = [line for line in lines(stream) if line["event"] == "unforeseen"]
    assert [(line["trace_id"], line["error"]) for line in found] == [
        (answer.json()["trace_id"], "builtins.ValueError")
    ]
    assert found[0]["place"][-1].endswith(" explode")


def test_a_log_file_is_for_its_owner_only(stream: io.StringIO, tmp_path: Path) -> None:
    file = tmp_path / "hotline.log"
    with log_to_file(file):
        structlog.get_logger().info("started")
    assert json.loads(file.read_text())["event"] == "started"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
