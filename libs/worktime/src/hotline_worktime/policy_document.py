"""The versioned policy document: which duty is due when, and why.

A document is immutable and effective-dated by the instant of the fact. It holds a row for every combination of duty,
type and emergency, exactly once; a gap or an overlap does not validate, so that nothing is ever due by accident.
Source: rules, section Policy.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from hotline_worktime.calendars import WorkCalendar
from hotline_worktime.deadlines import Deadline, deadline
from hotline_worktime.limits import Limit, NaturalDays, Origin, WarningBefore, WorkingDays
from hotline_worktime.scorecard_rules import FollowUpRules, ScorecardRules

TicketType: TypeAlias = Literal[
    "consultation", "help", "opinion", "suggestion", "complaint", "report", "praise"
]
Emergent: TypeAlias = Literal["natural_disaster", "public_safety", "area_outage", "other_immediate"]
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
]
Window: TypeAlias = Literal["return_window", "appeal_window", "objection_window"]
Form: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,31}$")]

TICKET_TYPES: Final[tuple[TicketType, ...]] = get_args(TicketType)
EMERGENCIES: Final[tuple[Emergent, ...]] = get_args(Emergent)
DUTIES: Final[tuple[Duty, ...]] = get_args(Duty)
WINDOWS: Final[tuple[Window, ...]] = get_args(Window)
ORDINARY: Final = "ordinary"
PLAIN: Final = "plain"
SYSTEM: Final = "system"

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoLimit(LookupError):
    """The policy sets no limit for this duty here: handling praise, or interim feedback where nothing is emergent."""


class NoRule(LookupError):
    """The policy does not know this combination at all; asking for it is a mistake of the caller."""


class DutyRule(BaseModel):
    """One row: how long a duty or window runs, for which tickets, from which source.

    Attributes:
        types: the ticket types it holds for; None for all, and for duties without a ticket.
        emergent: the emergencies it holds for, `ordinary` for none of them; None for all.
        form: of an oversight answer the form of the order; every other duty has the one form `plain`.
        limit: None says that the duty is not owed here.
        warning: None says that it runs out without a yellow card, as windows do.
        rule: id in the rule catalogue.
    """

    model_config = _STRICT

    duty: Duty | Window
    types: tuple[TicketType, ...] | None = None
    emergent: tuple[Emergent | Literal["ordinary"], ...] | None = None
    form: Form = PLAIN
    limit: Limit | None
    warning: WarningBefore | None
    origin: Origin
    rule: Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,2}$")]

    @model_validator(mode="after")
    def _check_warning(self) -> Self:
        if self.warning is not None and (self.limit is None or is_window(self.duty)):
            raise ValueError(f"{self.duty}: a window, or a duty without limit, does not warn")
        if is_window(self.duty) and self.limit is None:
            raise ValueError(f"{self.duty}: a window needs a limit")
        return self

    def covers(self) -> Iterator["_Key"]:
        """Yield every combination this row answers."""
        for kind in self.types or TICKET_TYPES:
            for emergency in self.emergent or (ORDINARY, *EMERGENCIES):
                yield self.duty, kind, emergency, self.form


_Key: TypeAlias = tuple[str, str, str, str]


class ClockSwitches(BaseModel):
    """What else the policy settles about dispatch and running clocks."""

    model_config = _STRICT

    dispatch_automatic: bool = False
    """Sure directory matches are dispatched without a person. Source: Routing, default."""
    extension_times: Annotated[int, Field(ge=0)] = 1
    """How often first handling may be extended. Source: I2, default."""
    extension_multiple: Annotated[int, Field(ge=0)] = 1
    """An extension adds at most this many times the original limit. Source: I2, default."""
    redo_times: Annotated[int, Field(ge=0)] = 1
    """How often a ticket may be handled again. Source: I3, note."""
    rejection_grace: WorkingDays = WorkingDays(1)
    """Time left, counted from a rejection, if the old due instant leaves less. Source: Routing, default."""
    rejections_with_grace: Annotated[int, Field(ge=0)] = 1
    """Only so many first rejections give it."""
    notice_grace: WorkingDays = WorkingDays(1)
    """A notice moves no clock to less than this from its own instant. Source: T2."""
    restriction: NaturalDays = NaturalDays(30)
    """The longest restriction of a requester. Source: I1, note."""


class PolicyDocument(BaseModel):
    """The settings of one policy version; equal documents behave equally."""

    model_config = _STRICT

    rules: tuple[DutyRule, ...]
    clocks: ClockSwitches = ClockSwitches()
    # Documents stored before these sections existed read as their defaults.
    follow_up: FollowUpRules = FollowUpRules()
    scorecard: ScorecardRules = ScorecardRules()

    @model_validator(mode="after")
    def _check_cover(self) -> Self:
        seen: set[_Key] = set()
        for rule in self.rules:
            for key in rule.covers():
                if key in seen:
                    raise ValueError(f"two rows answer {'/'.join(key)}")
                seen.add(key)
        for duty in (*DUTIES, *WINDOWS):
            form = usual_form(duty)
            for kind in TICKET_TYPES:
                for emergency in (ORDINARY, *EMERGENCIES):
                    if (duty, kind, emergency, form) not in seen:
                        raise ValueError(f"no row answers {duty}/{kind}/{emergency}/{form}")
        return self

    @cached_property
    def index(self) -> dict[_Key, DutyRule]:
        """Every combination with the row that answers it."""
        return {key: rule for rule in self.rules for key in rule.covers()}


class Policy(BaseModel):
    """One version of the policy, as published.

    Attributes:
        version: from 1, contiguous.
        effective_from: it decides facts from this instant on, until the next version's.
    """

    model_config = _STRICT

    version: Annotated[int, Field(ge=1)]
    effective_from: AwareDatetime
    author: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    document: PolicyDocument

    def rule_for(
        self,
        duty: Duty | Window,
        type: TicketType | None = None,  # noqa: A002  the contract's word
        emergent: Emergent | None = None,
        form: str | None = None,
    ) -> DutyRule | None:
        """Return the row that answers, or None where the duty has no limit.

        Args:
            duty: a duty or window.
            type: of the ticket; may be left out only where the row does not depend on it.
            emergent: None for an ordinary ticket, and for duties without a ticket.
            form: of an oversight order, `system` if left out.

        Raises:
            NoRule: the combination is unknown, or `type` is left out where rows differ by it.
        """
        kind = TICKET_TYPES[0] if type is None else type
        rule = self.document.index.get((duty, kind, emergent or ORDINARY, form or usual_form(duty)))
        if rule is None:
            raise NoRule(f"policy {self.version} knows no {duty}/{type}/{emergent}/{form}")
        if type is None and rule.types is not None:
            raise NoRule(f"{duty} depends on the type of the ticket")
        return None if rule.limit is None else rule

    def deadline(
        self,
        duty: Duty | Window,
        type: TicketType | None,  # noqa: A002  the contract's word
        emergent: Emergent | None,
        started_at: datetime,
        calendar: WorkCalendar,
        form: str | None = None,
    ) -> Deadline:
        """Return when the duty is due and warns if it starts at `started_at`, an aware instant.

        Raises:
            NoLimit: the duty has no limit here.
            NoRule: the combination is unknown.
            ValueError: `started_at` is naive or outside the calendar.
        """
        rule = self.rule_for(duty, type, emergent, form)
        if rule is None or rule.limit is None:
            raise NoLimit(f"policy {self.version} sets no limit for {duty} of {type}")
        return deadline(started_at, rule.limit, rule.warning, calendar)


def is_window(duty: str) -> bool:
    """Return whether `duty` is a right that lapses without a card rather than a duty."""
    return duty in WINDOWS


def usual_form(duty: str) -> str:
    """Return the form meant when none is named."""
    return SYSTEM if duty == "oversight_answer" else PLAIN
