"""Closed vocabularies of the contract, one English word for each Chinese term (docs/glossary.md).

Lists that the city's note leaves open (channels' partners, disciplines, grounds) are data, not types.
"""

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import StringConstraints

TicketType: TypeAlias = Literal[
    "consultation", "help", "opinion", "suggestion", "complaint", "report", "praise"
]
Emergent: TypeAlias = Literal["natural_disaster", "public_safety", "area_outage", "other_immediate"]
Channel: TypeAlias = Literal["phone", "web", "wechat", "app", "email", "linkage", "province", "import"]
RequesterKind: TypeAlias = Literal["person", "enterprise", "organisation"]
DeclineReason: TypeAlias = Literal["emergency", "statutory_channel", "other_body", "repeat", "secrecy"]
RequestOutcome: TypeAlias = Literal["accepted", "pending", "declined", "transferred", "linked", "restricted"]

TicketState: TypeAlias = Literal[
    "dispatch_pending",
    "sign_pending",
    "handling",
    "reply_review",
    "follow_up",
    "closed",
    "archived",
    "return_pending",
    "disputed",
    "merged",
    "withdrawn",
]
AssignmentState: TypeAlias = Literal["sign_pending", "handling", "replied", "returned", "released"]
AssignmentRole: TypeAlias = Literal["lead", "support", "sub"]
Nature: TypeAlias = Literal["ordinary", "mediation", "law_enforcement"]
Determination: TypeAlias = Literal[
    "solved",
    "answered",
    "explained_not_feasible",
    "in_statutory_channel",
    "withdrawn",
    "unreachable",
    "phased_with_plan",
]
UnitGroup: TypeAlias = Literal["county", "department", "public_service", "provincial"]

RatingLevel: TypeAlias = Literal[
    "very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"
]
RatingVia: TypeAlias = Literal["phone", "link"]
AttemptOutcome: TypeAlias = Literal["answered", "refused", "wrong_number", "call_later", "unreachable"]
FollowUpOutcome: TypeAlias = Literal["rated", "refused", "wrong_number", "unreachable", "not_needed"]
EntryKind: TypeAlias = Literal["guide", "policy", "contact", "duty", "question"]

Duty: TypeAlias = Literal[
    "sign",
    "handle",
    "redo",
    "interim_feedback",
    "follow_up",
    "appeal_decision",
    "knowledge_answer",
    "knowledge_correction",
    "oversight_answer",
    "rectification",
    "screening",
    "dispatch",
    "return_decision",
    "extension_decision",
    "redo_decision",
    "reply_review",
    "dispute_decision",
    "return_window",
    "appeal_window",
    "objection_window",
]
CardColour: TypeAlias = Literal["green", "yellow", "red"]
ClockState: TypeAlias = Literal["running", "met", "late", "cancelled", "open", "used", "lapsed"]
CalendarStatus: TypeAlias = Literal["confirmed", "provisional"]

Role: TypeAlias = Literal[
    "agent",
    "shift_leader",
    "dispatcher",
    "unit_dispatcher",
    "unit_handler",
    "unit_leader",
    "reviewer",
    "oversight_officer",
    "inspector",
    "assessor",
    "knowledge_editor",
    "channel_client",
    "auditor",
    "admin",
]
ROLES: frozenset[str] = frozenset(get_args(Role))
UNIT_ROLES: frozenset[str] = frozenset({"unit_dispatcher", "unit_handler", "unit_leader"})
"""Roles that act for one unit and its subtree; a token with one of them names the unit."""

UnitCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{1,31}$")]
DEFAULT_SITE = "5204"
CITY_AREA = "520400"
"""Area code (GB/T 2260) of the city itself: the default of a request that names no area."""
