"""Entries and versions for tests that need no database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hotline_contracts.canonical import GENESIS
from knowledge_svc.domain.entries import Content, Entry, first_version

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def content(**changes: Any) -> Content:
    values: dict[str, Any] = {"kind": "guide", "title": "路灯报修", "body": "请说明灯杆编号。"}
    return Content(**(values | changes))


def entry(**changes: Any) -> Entry:
    """A new draft of ``author``."""
    values: dict[str, Any] = {
        "entry_id": UUID(int=1),
        "site": "5204",
        "unit": "520400-D01",
        "lineage": frozenset({"520400-D01", "520400"}),
        "state": "draft",
        "newest": first_version(content(), "author", START),
        "created_at": START,
        "revision": 1,
        "last_at": START,
        "last_hash": GENESIS,
    }
    return Entry(**(values | changes))
