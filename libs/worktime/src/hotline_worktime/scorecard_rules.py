"""What the policy settles about asking requesters and about scoring units: sections of its document."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hotline_worktime.limits import Origin

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
_Few = Annotated[int, Field(ge=0, le=10_000)]

IndicatorName: TypeAlias = Literal["on_time", "solved", "satisfied"]


class FollowUpRules(BaseModel):
    """How often a requester is called before the follow-up ends as unreachable. Source: Follow-up, default."""

    model_config = _STRICT

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Unsuccessful calls that are enough."""
    attempt_days: Annotated[int, Field(ge=1, le=100)] = 2
    """On at least so many different days (Shanghai)."""


class IndicatorRule(BaseModel):
    """One line of the scorecard: its name and how many points all of it is worth."""

    model_config = _STRICT

    name: IndicatorName
    of: Annotated[int, Field(ge=1, le=1000)]
    origin: Origin
    rule: Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,2}$")]


# The note names handling as a part of the assessment (rule N9) and gives no points: these are defaults.
_HANDLING = (
    IndicatorRule(name="on_time", of=15, origin="default", rule="N9"),
    IndicatorRule(name="solved", of=20, origin="default", rule="N9"),
    IndicatorRule(name="satisfied", of=15, origin="default", rule="N9"),
)


class ScorecardRules(BaseModel):
    """What a unit's month is measured by, and who is ranked."""

    model_config = _STRICT

    indicators: Annotated[tuple[IndicatorRule, ...], Field(min_length=1)] = _HANDLING
    """Source: N9, default. What is not measured yet stands in no list."""
    ranked_from: _Few = 5
    """A unit with fewer due tickets is scored, not ranked; 0 ranks every scored unit. Source: N10, default."""
    bottom_most: _Few = 3
    """The bottom of a group is at most so many units. Source: N10, default."""
    bottom_percent: Annotated[int, Field(ge=0, le=100)] = 10
    """And at most this share of the ranked ones, rounded down, but at least one. Source: N10, default."""
    bottom_from: _Few = 5
    """A group with fewer ranked units has no bottom. Source: N10, default."""
    first_rating_stands: bool = True
    """The first rating counts if a second one never comes after a redo. Source: I3, default."""

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [indicator.name for indicator in self.indicators]
        if len(names) != len(set(names)):
            raise ValueError("an indicator stands twice in the scorecard")
        return self
