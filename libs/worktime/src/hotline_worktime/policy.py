"""The policy: its document's shape, its vocabulary, and version 1."""

from hotline_worktime.limits import Origin
from hotline_worktime.policy_1 import POLICY_1
from hotline_worktime.policy_document import (
    DUTIES,
    EMERGENCIES,
    TICKET_TYPES,
    WINDOWS,
    ClockSwitches,
    Duty,
    DutyRule,
    Emergent,
    NoLimit,
    NoRule,
    Policy,
    PolicyDocument,
    TicketType,
    Window,
    is_window,
)
from hotline_worktime.scorecard_rules import FollowUpRules, IndicatorName, IndicatorRule, ScorecardRules

__all__ = [
    "DUTIES",
    "EMERGENCIES",
    "POLICY_1",
    "TICKET_TYPES",
    "WINDOWS",
    "ClockSwitches",
    "Duty",
    "DutyRule",
    "Emergent",
    "FollowUpRules",
    "IndicatorName",
    "IndicatorRule",
    "NoLimit",
    "NoRule",
    "Origin",
    "Policy",
    "PolicyDocument",
    "ScorecardRules",
    "TicketType",
    "Window",
    "is_window",
]
