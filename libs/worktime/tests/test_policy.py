"""The policy document: complete, exact, refused otherwise."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hotline_worktime.calendars import city_calendar
from hotline_worktime.limits import NaturalHours, NaturalMinutes, WorkingDays, WorkingDaysBefore
from hotline_worktime.policy import (
    DUTIES,
    EMERGENCIES,
    POLICY_1,
    TICKET_TYPES,
    WINDOWS,
    Duty,
    DutyRule,
    Emergent,
    NoLimit,
    NoRule,
    Policy,
    PolicyDocument,
    TicketType,
    is_window,
)

RULES = POLICY_1.document.rules


@pytest.mark.rule("T4")
@pytest.mark.parametrize("duty", [*DUTIES, *WINDOWS])
def test_every_duty_and_window_is_answered_for_every_ticket(duty: Duty) -> None:
    for kind in TICKET_TYPES:
        for emergent in (None, *EMERGENCIES):
            rule = POLICY_1.rule_for(duty, kind, emergent)
            owed_not = (duty in {"handle", "redo"} and kind == "praise") or (
                duty == "interim_feedback" and emergent is None
            )
            assert (rule is None) is owed_not
            if rule:
                assert (rule.warning is None) is is_window(duty)


@pytest.mark.rule("I4")
@pytest.mark.parametrize(
    ("kind", "handle", "redo"),
    [
        ("consultation", 2, 1),
        ("help", 5, 2),
        ("opinion", 5, 2),
        ("suggestion", 5, 2),
        ("complaint", 10, 5),
        ("report", 10, 5),
    ],
)
def test_handling_and_redo_limits_by_type(kind: TicketType, handle: int, redo: int) -> None:
    for duty, working_days, origin in (("handle", handle, "default"), ("redo", redo, "note")):
        rule = POLICY_1.rule_for(duty, kind)  # type: ignore[arg-type]
        assert rule is not None
        assert (rule.limit, rule.origin) == (WorkingDays(working_days), origin)


@pytest.mark.rule("N7")
@pytest.mark.parametrize(
    ("emergent", "minutes"),
    [("area_outage", 30), ("natural_disaster", 15), ("public_safety", 15), ("other_immediate", 15)],
)
def test_an_emergent_ticket_is_signed_within_minutes(emergent: Emergent, minutes: int) -> None:
    for kind in TICKET_TYPES:
        rule = POLICY_1.rule_for("sign", kind, emergent)
        assert rule is not None
        assert rule.limit == NaturalMinutes(minutes)


@pytest.mark.rule("N5")
@pytest.mark.parametrize(
    ("form", "limit"),
    [
        (None, WorkingDays(1)),
        ("system", WorkingDays(1)),
        ("written", WorkingDays(3)),
        ("on_site", WorkingDays(5)),
        ("joint", WorkingDays(5)),
        ("system_after_missed_interim", NaturalHours(2)),
    ],
)
def test_an_oversight_order_is_answered_by_its_form(form: str | None, limit: object) -> None:
    rule = POLICY_1.rule_for("oversight_answer", form=form)
    assert rule is not None
    assert rule.limit == limit


def test_a_duty_that_is_not_owed_has_no_deadline() -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(NoLimit):
        POLICY_1.deadline("handle", "praise", None, now, city_calendar())
    with pytest.raises(NoLimit):
        POLICY_1.deadline("interim_feedback", "help", None, now, city_calendar())


@pytest.mark.parametrize(
    ("duty", "kind", "emergent", "form"),
    [
        pytest.param("lunch", "help", None, None, id="unknown-duty"),
        pytest.param("handle", "gossip", None, None, id="unknown-type"),
        pytest.param("handle", "help", "flood", None, id="unknown-emergency"),
        pytest.param("oversight_answer", None, None, "writen", id="unknown-form"),
        pytest.param("handle", "help", None, "system", id="a-form-where-none-belongs"),
        pytest.param("handle", None, None, None, id="type-left-out-though-it-matters"),
    ],
)
def test_what_the_policy_does_not_know_is_refused_loudly(
    duty: Duty, kind: TicketType | None, emergent: Emergent | None, form: str | None
) -> None:
    with pytest.raises(NoRule):
        POLICY_1.rule_for(duty, kind, emergent, form)


@pytest.mark.parametrize("missing", range(len(RULES)))
def test_a_document_with_a_row_missing_is_refused_unless_it_was_a_further_form(missing: int) -> None:
    rules = RULES[:missing] + RULES[missing + 1 :]
    if RULES[missing].duty == "oversight_answer" and RULES[missing].form != "system":
        assert PolicyDocument(rules=rules)
        return
    with pytest.raises(ValidationError, match="no row answers"):
        PolicyDocument(rules=rules)


def test_a_document_with_two_answers_is_refused() -> None:
    with pytest.raises(ValidationError, match="two rows answer"):
        PolicyDocument(rules=(*RULES, RULES[0]))


@pytest.mark.rule("I4")
def test_a_window_never_warns_and_always_ends() -> None:
    for limit, warning in ((WorkingDays(1), WorkingDaysBefore(1)), (None, None)):
        with pytest.raises(ValidationError, match="window"):
            DutyRule(duty="return_window", limit=limit, warning=warning, origin="city", rule="I2")


def test_a_policy_is_the_same_after_its_way_through_json() -> None:
    assert Policy.model_validate_json(POLICY_1.model_dump_json()) == POLICY_1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"n":1,"kind":"working_days"', '"n":0,"kind":"working_days"'),
        ('"n":1,"kind":"working_days"', '"n":"1","kind":"working_days"'),
        ('"kind":"working_days"', '"kind":"lunar_days"'),
        ('"origin":"note"', '"origin":"rumour"'),
        ('"version":1', '"version":1,"extra":true'),
    ],
)
def test_a_malformed_policy_is_refused(old: str, new: str) -> None:
    text = POLICY_1.model_dump_json()
    assert old in text
    with pytest.raises(ValidationError):
        Policy.model_validate_json(text.replace(old, new, 1))


def test_version_1_holds_from_2004_on_in_shanghai() -> None:
    assert POLICY_1.effective_from == datetime.fromisoformat("2004-01-01T00:00:00+08:00")
