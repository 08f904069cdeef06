"""Each kind of change to an event or a topic, the harm it does shown on real records, and what the check says of it."""

import copy
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotline_contracts.events.base import Event

from .compatibility import Agreement, refusals
from .event_changes import BREAKING, FIRST, HARMLESS, Change, can_read, event
from .event_schemas import (
    AGREED,
    AGREED_TOPICS,
    ROOT,
    agreed,
    agreed_at,
    as_text,
    current,
    releases,
    schema_of,
)
from .write_snapshots import write_events

SECOND = "one.thing.undone.v1"


def agreement(made: type[Event]) -> Agreement:
    return Agreement({FIRST: schema_of(made)}, {})


def refused(change: Change) -> list[str]:
    return refusals(agreement(event(change.before)), agreement(event(change.after)))


@pytest.mark.parametrize("change", [*BREAKING.values(), *HARMLESS.values()], ids=[*BREAKING, *HARMLESS])
def test_a_change_does_the_harm_that_is_said_of_it(change: Change) -> None:
    before, after = event(change.before), event(change.after)
    assert can_read(before, change.old)
    assert can_read(after, change.new)
    assert can_read(before, change.new) is ("old reader" not in change.fails)
    assert can_read(after, change.old) is ("new reader" not in change.fails)


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_a_field_that_breaks_somebody_is_refused(change: Change) -> None:
    assert refused(change)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_field_that_breaks_nobody_only_asks_for_a_new_snapshot(change: Change) -> None:
    before, after = agreement(event(change.before)), agreement(event(change.after))
    assert refusals(before, after) == []
    assert as_text(after.events[FIRST]) != as_text(before.events[FIRST])


def test_words_about_an_event_are_free() -> None:
    told = event(("unit", str))
    told.__doc__ = "Another explanation."
    assert schema_of(told) == schema_of(event(("unit", str)))


BEFORE = Agreement(
    {FIRST: schema_of(event(("unit", str))), SECOND: schema_of(event())},
    {"a.topic": {"partitions": 4, "compacted": False, "key": "{id}", "subject": "{id}"}},
)


def with_topic(**changes: Any) -> Agreement:
    return replace(BEFORE, topics={"a.topic": {**BEFORE.topics["a.topic"], **changes}})


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param(
            replace(BEFORE, events={FIRST: BEFORE.events[FIRST]}), f"{SECOND} is gone", id="type-removed"
        ),
        pytest.param(
            replace(
                BEFORE, events={FIRST: BEFORE.events[FIRST], "one.thing.fixed.v1": BEFORE.events[SECOND]}
            ),
            f"{SECOND} is gone",
            id="type-renamed",
        ),
        pytest.param(
            replace(BEFORE, events={**BEFORE.events, SECOND: schema_of(event(topic="another.topic"))}),
            f"{SECOND}: x-topic was 'a.topic', is 'another.topic'",
            id="type-on-another-topic",
        ),
        pytest.param(replace(BEFORE, topics={}), "topic a.topic is gone", id="topic-removed"),
        pytest.param(with_topic(partitions=8), "topic a.topic: partitions was 4, is 8", id="more-partitions"),
        pytest.param(
            with_topic(compacted=True), "topic a.topic: compacted was False, is True", id="compacted"
        ),
        pytest.param(
            with_topic(key="{unit}"), "topic a.topic: key was '{id}', is '{unit}'", id="another-key"
        ),
        pytest.param(
            with_topic(subject="{unit}"),
            "topic a.topic: subject was '{id}', is '{unit}'",
            id="another-subject",
        ),
    ],
)
def test_a_type_or_a_topic_that_changes_is_refused(after: Agreement, said: str) -> None:
    assert refusals(BEFORE, after) == [said]


def test_new_types_and_topics_are_welcome() -> None:
    after = Agreement({**BEFORE.events, "one.thing.done.v2": {}}, {**BEFORE.topics, "b": {"partitions": 1}})
    assert refusals(BEFORE, after) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda schema: schema["properties"].pop("hash"), "hash is gone"),
        (
            lambda schema: schema["properties"]["assignments"]["items"]["properties"].pop("unit"),
            "unit is gone",
        ),
        (lambda schema: schema["properties"]["type"]["enum"].append("praise_twice"), "type.enum was"),
    ],
)
def test_a_real_event_of_ours_is_held_to_it(change: Callable[[dict[str, Any]], object], said: str) -> None:
    name = "routing.ticket.dispatched.v1"
    after = current()
    changed = copy.deepcopy(after.events[name])
    change(changed)
    (found,) = refusals(after, replace(after, events={**after.events, name: changed}))
    assert found.startswith(f"{name}: ")
    assert said in found


def test_what_the_code_sends_is_what_was_agreed() -> None:
    stored, sent = agreed(), current()
    refused = refusals(stored, sent)
    assert not refused, f"publish a .v2 beside it: {refused}"
    assert stored == sent, "there is something new: run make snapshots"


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A repository whose release v1 has agreed to two types; the types of this checkout are others."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, capture_output=True)

    snapshots = tmp_path / AGREED.relative_to(ROOT)
    write_events(BEFORE, snapshots, tmp_path / AGREED_TOPICS.relative_to(ROOT))
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "agreed")
    git("tag", "v1.0.0")
    return tmp_path


def test_what_a_release_agreed_to_is_read_from_its_tag(released: Path) -> None:
    for stored in (released / AGREED.relative_to(ROOT)).glob("*.json"):
        stored.unlink()
    assert list(releases(released)) == ["v1.0.0"]
    assert agreed_at("v1.0.0", released) == BEFORE
    assert refusals(agreed_at("v1.0.0", released), replace(BEFORE, events={})) == [
        f"{FIRST} is gone",
        f"{SECOND} is gone",
    ]


def test_no_release_is_broken_by_this_checkout() -> None:
    broken = {tag: refusals(agreed_at(tag), current()) for tag in releases()}
    assert not any(broken.values()), broken
