"""The policy: its document's shape, its vocabulary, and version 1."""

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
    Origin,
    Policy,
    PolicyDocument,
    TicketType,
    Window,
    is_window,
)

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
    "NoLimit",
    "NoRule",
    "Origin",
    "Policy",
    "PolicyDocument",
    "TicketType",
    "Window",
    "is_window",
]
