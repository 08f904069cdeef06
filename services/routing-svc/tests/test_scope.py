"""What of a ticket is whose."""

import pytest

from hotline_contracts.problems import Forbidden, NotFound
from routing_svc.domain import tickets
from routing_svc.domain.scope import (
    assignments_of,
    ensure_other_than_replier,
    ensure_visible,
    hides_requester,
)

from .builders import after, charges, person, ticket

SENT = tickets.dispatch(ticket(confidential=True), charges("520402-01", "520400-D01"), None, after(1))


@pytest.mark.parametrize("unit", ["520402-01", "520402", "520400-D01", "520400"])
def test_a_unit_sees_tickets_of_its_own_subtree(unit: str) -> None:
    ensure_visible(SENT, person("unit_leader", unit=unit))


@pytest.mark.parametrize("unit", ["520403", "520402-02", "520402-01-1"])
def test_another_units_ticket_is_not_found(unit: str) -> None:
    with pytest.raises(NotFound):
        ensure_visible(SENT, person("unit_leader", unit=unit))


def test_a_ticket_without_assignments_is_not_found_by_any_unit() -> None:
    with pytest.raises(NotFound):
        ensure_visible(ticket(), person("unit_handler", unit="520402"))


@pytest.mark.parametrize("role", ["agent", "dispatcher", "reviewer", "auditor", "assessor"])
def test_the_hotlines_people_see_every_ticket(role: str) -> None:
    ensure_visible(ticket(), person(role))


def test_an_upper_unit_acts_for_its_own_assignment_before_those_below() -> None:
    sent = tickets.dispatch(ticket(), charges("520402-01", "520402"), None, after(1))
    upper = assignments_of(sent, person("unit_leader", unit="520402"))
    assert [charge.unit for charge in upper] == ["520402", "520402-01"]


def test_a_visible_ticket_of_another_unit_is_forbidden_rather_than_hidden() -> None:
    with pytest.raises(Forbidden):
        assignments_of(SENT, person("dispatcher", "unit_leader", unit="520403"))


def test_who_replied_does_not_approve() -> None:
    under_review = ticket(state="reply_review", replied_by="li")
    with pytest.raises(Forbidden):
        ensure_other_than_replier(under_review, person("reviewer", sub="li"))
    ensure_other_than_replier(under_review, person("reviewer", sub="wang"))


def test_a_confidential_requester_is_hidden_from_units_only() -> None:
    assert hides_requester(SENT, person("unit_leader", unit="520402"))
    assert not hides_requester(SENT, person("agent"))
    assert not hides_requester(ticket(confidential=False), person("unit_leader", unit="520402"))
