"""Version 1 of the policy: every limit of the rule catalogue, with its origin."""

from datetime import UTC, datetime
from typing import Final

from hotline_worktime.limits import (
    NaturalHours,
    NaturalHoursBefore,
    NaturalMinutes,
    NaturalMinutesBefore,
    WorkingDays,
    WorkingDaysBefore,
    WorkingHours,
)
from hotline_worktime.policy_document import DutyRule, Policy, PolicyDocument

_A_DAY_BEFORE = WorkingDaysBefore(1)
_EIGHT_HOURS_BEFORE = NaturalHoursBefore(8)  # consultations. Source: I4
_HALF_AN_HOUR_BEFORE = NaturalMinutesBefore(30)

_ORDINARY = ("ordinary",)
_EMERGENT = ("natural_disaster", "public_safety", "area_outage", "other_immediate")
_CONSULTATION = ("consultation",)
_OTHERS = ("help", "opinion", "suggestion", "complaint", "report", "praise")
_MIDDLE = ("help", "opinion", "suggestion")
_GRAVE = ("complaint", "report")
_PRAISE = ("praise",)

# fmt: off
_UNIT_DUTIES = (
    DutyRule(duty="sign", types=_CONSULTATION, emergent=_ORDINARY, limit=WorkingDays(1), warning=_EIGHT_HOURS_BEFORE, origin="default", rule="I4"),
    DutyRule(duty="sign", types=_OTHERS, emergent=_ORDINARY, limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="I4"),
    DutyRule(duty="sign", emergent=("area_outage",), limit=NaturalMinutes(30), warning=NaturalMinutesBefore(10), origin="default", rule="T4"),
    DutyRule(duty="sign", emergent=("natural_disaster", "public_safety", "other_immediate"), limit=NaturalMinutes(15), warning=NaturalMinutesBefore(5), origin="default", rule="T4"),

    DutyRule(duty="handle", types=_CONSULTATION, limit=WorkingDays(2), warning=_EIGHT_HOURS_BEFORE, origin="default", rule="I4"),
    DutyRule(duty="handle", types=_MIDDLE, limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="I4"),
    DutyRule(duty="handle", types=_GRAVE, limit=WorkingDays(10), warning=_A_DAY_BEFORE, origin="default", rule="I4"),
    DutyRule(duty="handle", types=_PRAISE, limit=None, warning=None, origin="default", rule="I4"),

    DutyRule(duty="redo", types=_CONSULTATION, limit=WorkingDays(1), warning=_EIGHT_HOURS_BEFORE, origin="note", rule="I3"),
    DutyRule(duty="redo", types=_MIDDLE, limit=WorkingDays(2), warning=_A_DAY_BEFORE, origin="note", rule="I3"),
    DutyRule(duty="redo", types=_GRAVE, limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="note", rule="I3"),
    DutyRule(duty="redo", types=_PRAISE, limit=None, warning=None, origin="default", rule="I3"),

    DutyRule(duty="interim_feedback", emergent=_EMERGENT, limit=NaturalHours(2), warning=_HALF_AN_HOUR_BEFORE, origin="note", rule="N7"),
    DutyRule(duty="interim_feedback", emergent=_ORDINARY, limit=None, warning=None, origin="note", rule="N7"),

    DutyRule(duty="knowledge_answer", limit=WorkingDays(2), warning=_A_DAY_BEFORE, origin="note", rule="I8"),
    DutyRule(duty="knowledge_correction", limit=WorkingDays(2), warning=_A_DAY_BEFORE, origin="note", rule="I8"),
    DutyRule(duty="rectification", limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="N10"),

    DutyRule(duty="oversight_answer", form="system", limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="N5"),
    DutyRule(duty="oversight_answer", form="written", limit=WorkingDays(3), warning=_A_DAY_BEFORE, origin="default", rule="N5"),
    DutyRule(duty="oversight_answer", form="consultation", limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="N5"),
    DutyRule(duty="oversight_answer", form="on_site", limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="N5"),
    DutyRule(duty="oversight_answer", form="joint", limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="N5"),
    # The automatic order after a missed interim opinion is of form system too, but is answered within hours.
    DutyRule(duty="oversight_answer", form="system_after_missed_interim", limit=NaturalHours(2), warning=_HALF_AN_HOUR_BEFORE, origin="default", rule="N5"),
)

_HOTLINE_DUTIES = (
    # Screening has no number of its own in the catalogue; it is read with dispatch, which it stands beside.
    DutyRule(duty="screening", emergent=_ORDINARY, limit=WorkingHours(2), warning=_HALF_AN_HOUR_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="screening", emergent=_EMERGENT, limit=NaturalMinutes(5), warning=NaturalMinutesBefore(2), origin="default", rule="H4"),
    DutyRule(duty="dispatch", emergent=_ORDINARY, limit=WorkingHours(2), warning=_HALF_AN_HOUR_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="dispatch", emergent=_EMERGENT, limit=NaturalMinutes(5), warning=NaturalMinutesBefore(2), origin="default", rule="H4"),
    DutyRule(duty="return_decision", limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="extension_decision", limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="redo_decision", limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="reply_review", limit=WorkingDays(1), warning=_A_DAY_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="dispute_decision", limit=WorkingDays(3), warning=_A_DAY_BEFORE, origin="default", rule="H4"),
    DutyRule(duty="follow_up", limit=WorkingDays(3), warning=_A_DAY_BEFORE, origin="default", rule="I3"),
    DutyRule(duty="appeal_decision", limit=WorkingDays(5), warning=_A_DAY_BEFORE, origin="default", rule="N3"),
)

_WINDOWS = (
    DutyRule(duty="return_window", limit=WorkingDays(1), warning=None, origin="note", rule="I2"),
    DutyRule(duty="appeal_window", limit=WorkingDays(3), warning=None, origin="note", rule="N3"),
    DutyRule(duty="objection_window", limit=WorkingDays(3), warning=None, origin="default", rule="N9"),
)
# fmt: on

POLICY_1: Final = Policy(
    version=1,
    effective_from=datetime(2003, 12, 31, 16, tzinfo=UTC),  # 2004-01-01T00:00+08:00
    author="安顺市12345政务服务便民热线",
    reason="初始版本：起草说明所定时限；说明未定者取默认值并注明来源",
    document=PolicyDocument(rules=_UNIT_DUTIES + _HOTLINE_DUTIES + _WINDOWS),
)
