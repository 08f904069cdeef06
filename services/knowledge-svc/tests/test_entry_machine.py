"""States and actions of an entry, and who may do what."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_contracts.problems import Forbidden, InvalidInput, NotAllowedInState, NotFound, Refusal
from hotline_contracts.values import ROLES, UNIT_ROLES
from knowledge_svc.domain.actors import Actor, ensure_may_act, ensure_may_write_for
from knowledge_svc.domain.entries import (
    Entry,
    Step,
    approve,
    first_version,
    reject,
    submit,
    withdraw,
    write_version,
)
from knowledge_svc.domain.transitions import (
    TRANSITIONS,
    Action,
    EntryState,
    actions_of,
    next_state,
    roles_for,
)

from .builders import START, after, content, entry

STATES: tuple[EntryState, ...] = get_args(EntryState)
ACTIONS: tuple[Action, ...] = get_args(Action)
ALLOWED = {
    "draft": ["submit", "versions", "withdraw"],
    "submitted": ["approve", "reject", "withdraw"],
    "rejected": ["versions", "withdraw"],
    "published": ["versions", "withdraw"],
    "withdrawn": [],
}


@pytest.mark.rule("I7")
@pytest.mark.parametrize("state", STATES)
def test_each_state_offers_what_the_catalogue_allows(state: EntryState) -> None:
    assert actions_of(state) == ALLOWED[state]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_not_in_the_table_is_refused_with_what_is_allowed(state: EntryState, action: Action) -> None:
    if action in ALLOWED[state]:
        assert next_state(action, state) in STATES
        return
    with pytest.raises(NotAllowedInState) as refused:
        next_state(action, state)
    assert refused.value.extra == {"state": state, "allowed": ALLOWED[state]}


def test_every_row_names_its_source() -> None:
    assert all(row.source.startswith("I7") and row.roles <= ROLES for row in TRANSITIONS)


@pytest.mark.rule("I7")
def test_no_unit_decides_what_is_published() -> None:
    assert not (roles_for("approve") | roles_for("reject")) & UNIT_ROLES


@pytest.mark.rule("I7")
@pytest.mark.parametrize("who", ["author", "sender"])
def test_who_approves_is_never_who_wrote_or_submitted(who: str) -> None:
    submitted = submit(entry(), "sender", after(1)).entry
    with pytest.raises(Forbidden):
        approve(submitted, who, after(2))
    assert approve(submitted, "reviewer", after(2)).entry.published_version == 1


def test_a_version_whose_validity_ended_under_review_is_not_published() -> None:
    short = entry(newest=first_version(content(valid_until=after(2)), "author", START))
    submitted = submit(short, "author", after(1)).entry
    assert approve(submitted, "reviewer", after(1.99)).entry.state == "published"
    with pytest.raises(InvalidInput):
        approve(submitted, "reviewer", after(2))


@pytest.mark.parametrize(("since", "until"), [(2, 2), (2, 1), (None, 0), (-2, -1)])
def test_a_validity_that_cannot_be_is_refused(since: float | None, until: float) -> None:
    span = content(valid_from=None if since is None else after(since), valid_until=after(until))
    with pytest.raises(InvalidInput):
        first_version(span, "author", START)


@pytest.mark.parametrize(
    ("roles", "unit", "outcome"),
    [
        (("knowledge_editor",), None, None),
        (("unit_handler",), "520400-D01", None),
        (("unit_handler",), "520400", None),
        (("unit_handler",), "520400-D01-01", NotFound),
        (("unit_handler",), "520400-D02", NotFound),
        (("auditor",), None, Forbidden),
        (("unit_handler", "auditor"), "520400-D02", Forbidden),
    ],
)
def test_a_unit_acts_on_its_own_subtree(
    roles: tuple[str, ...], unit: str | None, outcome: type[Refusal] | None
) -> None:
    actor = Actor("x", roles, unit)
    if outcome is None:
        ensure_may_act(actor, entry().lineage, roles_for("submit"))
        return
    with pytest.raises(outcome):
        ensure_may_act(actor, entry().lineage, roles_for("submit"))


def test_a_unit_writes_for_itself_and_those_below() -> None:
    handler = Actor("x", ("unit_handler",), "520400")
    ensure_may_write_for(handler, "520400-D01", {"520400-D01", "520400"})
    with pytest.raises(Forbidden):
        ensure_may_write_for(handler, "520402", {"520402"})


def _take(action: Action, before: Entry, at: float) -> Step:
    if action == "versions":
        return write_version(before, content(title=f"第{before.newest.number + 1}版"), "author", after(at))
    if action == "submit":
        return submit(before, "author", after(at))
    if action == "approve":
        return approve(before, "reviewer", after(at))
    if action == "reject":
        return reject(before, "reviewer", "请补充材料清单", after(at))
    return withdraw(before)


@pytest.mark.rule("I7")
@given(st.lists(st.sampled_from(ACTIONS), max_size=25))
def test_whatever_is_done_in_whatever_order_only_an_approved_version_stands(actions: list[Action]) -> None:
    now, states, approved = entry(), {1: "draft"}, set[int]()
    for at, action in enumerate(actions, start=1):
        try:
            step = _take(action, now, at)
        except NotAllowedInState:
            assert action not in now.allowed
            continue
        if action == "approve":
            approved.add(step.entry.newest.number)
        now = step.entry
        states |= step.replaced
        states[now.newest.number] = now.newest.state
        standing = [number for number, state in states.items() if state == "published"]
        assert standing == ([] if now.published_version is None else [now.published_version])
        assert set(standing) <= approved
        assert len([state for state in states.values() if state in {"draft", "submitted"}]) <= 1
    assert sorted(states) == list(range(1, now.newest.number + 1))
