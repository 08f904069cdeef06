"""The script is consistent with the contract, the category tree and the table before anything is played."""

import re
from collections import Counter

import pytest
from rich.cells import cell_len

from hotline_local.demo import DEMO_BEGINS_AT, script
from hotline_local.demo.player import ACTS
from hotline_local.demo.script import read_script
from hotline_local.demo.table import REASON_NAMES, TICKET_COLUMNS
from intake_svc.adapters.category_file import shipped_tree

SCRIPT = read_script()
STEPS = [step for request in SCRIPT.requests for step in request.steps]


def test_it_is_about_thirty_requests_of_all_types() -> None:
    assert 25 <= len(SCRIPT.requests) <= 35
    assert len({request.type for request in SCRIPT.requests}) == 7


@pytest.mark.rule("N2")
def test_each_of_the_five_classes_is_declined_once() -> None:
    reasons = Counter(step.reason for step in STEPS if isinstance(step, script.Decline))
    assert reasons == dict.fromkeys(REASON_NAMES, 1)


def test_channel_numbers_are_unique() -> None:
    refs = Counter(request.ref for request in SCRIPT.requests)
    assert max(refs.values()) == 1


def test_every_unit_named_exists() -> None:
    codes = {unit.code for unit in SCRIPT.units}
    named = {row.lead for row in SCRIPT.directory}
    for step in STEPS:
        if isinstance(step, script.Dispatch):
            named |= {*step.supports, *([step.lead] if step.lead else [])}
        if isinstance(step, script.Sign) and step.unit:
            named.add(step.unit)
    assert named <= codes


def test_every_category_is_one_of_the_tree() -> None:
    tree = shipped_tree()
    for category in {row.category for row in SCRIPT.directory} | {
        request.category for request in SCRIPT.requests if request.category
    }:
        tree.ensure_known(category)


def test_phones_are_of_the_fictional_range() -> None:
    for request in SCRIPT.requests:
        assert request.phone is None or re.fullmatch(r"138000001\d\d", request.phone)


def test_words_fit_their_columns() -> None:
    for request in SCRIPT.requests:
        assert cell_len(request.subject) <= TICKET_COLUMNS["事项"], request.subject
    for unit in SCRIPT.units:
        assert cell_len(unit.name) <= TICKET_COLUMNS["承办单位"], unit.name


def test_nothing_happens_before_the_beginning_or_after_the_end() -> None:
    happenings = SCRIPT.happenings()
    assert happenings[0].at > DEMO_BEGINS_AT
    assert happenings[-1].at < script.instant(SCRIPT.ends)


def test_the_player_knows_every_kind_of_step() -> None:
    assert {type(step) for step in STEPS} == set(ACTS)
