"""Closed vocabularies are those of the public contract, word for word."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from hotline_contracts import values

LISTS = {
    "TicketType": "consultation|help|opinion|suggestion|complaint|report|praise",
    "Emergent": "natural_disaster|public_safety|area_outage|other_immediate",
    "Channel": "phone|web|wechat|app|email|linkage|province|import",
    "RequesterKind": "person|enterprise|organisation",
    "DeclineReason": "emergency|statutory_channel|other_body|repeat|secrecy",
    "RequestOutcome": "accepted|pending|declined|transferred|linked|restricted",
    "TicketState": "dispatch_pending|sign_pending|handling|reply_review|follow_up|closed|archived|return_pending|disputed"
    "|merged|withdrawn",
    "AssignmentState": "sign_pending|handling|replied|returned|released",
    "AssignmentRole": "lead|support|sub",
    "Nature": "ordinary|mediation|law_enforcement",
    "Determination": "solved|answered|explained_not_feasible|in_statutory_channel|withdrawn|unreachable|phased_with_plan",
    "UnitGroup": "county|department|public_service|provincial",
    "RatingLevel": "very_satisfied|satisfied|basically_satisfied|dissatisfied|very_dissatisfied",
    "RatingVia": "phone|link",
    "AttemptOutcome": "answered|refused|wrong_number|call_later|unreachable",
    "FollowUpOutcome": "rated|refused|wrong_number|unreachable|not_needed",
    "EntryKind": "guide|policy|contact|duty|question",
    "Duty": "sign|handle|redo|interim_feedback|follow_up|appeal_decision|knowledge_answer|knowledge_correction"
    "|oversight_answer|rectification|screening|dispatch|return_decision|extension_decision|redo_decision|reply_review"
    "|dispute_decision|return_window|appeal_window|objection_window",
    "CardColour": "green|yellow|red",
    "ClockState": "running|met|late|cancelled|open|used|lapsed",
    "CalendarStatus": "confirmed|provisional",
    "Role": "agent|shift_leader|dispatcher|unit_dispatcher|unit_handler|unit_leader|reviewer|oversight_officer|inspector"
    "|assessor|knowledge_editor|channel_client|auditor|admin",
}
"""As the public contract writes them."""


@pytest.mark.parametrize("name", LISTS)
def test_a_vocabulary_has_the_contracts_words_in_its_order(name: str) -> None:
    assert "|".join(get_args(getattr(values, name))) == LISTS[name]


def test_no_vocabulary_is_without_its_list_here() -> None:
    closed = {name for name, kind in vars(values).items() if "Literal[" in repr(kind) and name != "Literal"}
    assert closed == set(LISTS)


def test_roles_that_act_for_a_unit_are_roles() -> None:
    assert set(LISTS["Role"].split("|")) == values.ROLES
    assert {role for role in values.ROLES if role.startswith("unit_")} == values.UNIT_ROLES


UNIT_CODE: TypeAdapter[Any] = TypeAdapter(values.UnitCode)


@pytest.mark.parametrize("code", ["520402", "520400-M1", "520400-D01", "a1", "9" * 32])
def test_a_unit_code_is_2_to_32_letters_digits_and_dashes(code: str) -> None:
    assert UNIT_CODE.validate_python(code) == code


@pytest.mark.parametrize("code", ["", "1", "-1", "9" * 33, "520400_D01", "520402\n", "安顺", "５２０４０２"])
def test_another_unit_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        UNIT_CODE.validate_python(code)
