"""How long a duty may take, and how long before its end it warns: values of the policy document."""

from datetime import time
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid", strict=True)
Count = Annotated[int, Field(ge=1, le=10_000)]
Origin: TypeAlias = Literal["note", "default", "province", "city"]
"""Where a value comes from: the city's explanatory note, our default, the province's rules, the city's own."""

OPENS = time(9, 0)
CLOSES = time(17, 0)


@dataclass(frozen=True, slots=True, config=_STRICT)
class WorkingDays:
    """Ends at the close of business of the N-th working day; the start day is never counted."""

    n: Count
    kind: Literal["working_days"] = "working_days"


@dataclass(frozen=True, slots=True, config=_STRICT)
class WorkingHours:
    """Runs only from `opens` to `closes` (Shanghai) on working days."""

    n: Count
    opens: time = OPENS
    closes: time = CLOSES
    kind: Literal["working_hours"] = "working_hours"

    @model_validator(mode="after")
    def _check_order(self) -> "WorkingHours":
        if self.opens.tzinfo or self.closes.tzinfo or self.opens >= self.closes:
            raise ValueError("opens must be before closes, both local")
        return self


@dataclass(frozen=True, slots=True, config=_STRICT)
class NaturalHours:
    """Runs from the instant, day and night."""

    n: Count
    kind: Literal["natural_hours"] = "natural_hours"


@dataclass(frozen=True, slots=True, config=_STRICT)
class NaturalMinutes:
    """Runs from the instant, day and night."""

    n: Count
    kind: Literal["natural_minutes"] = "natural_minutes"


@dataclass(frozen=True, slots=True, config=_STRICT)
class NaturalDays:
    """Ends at 24:00 (Shanghai) of its last day; the first day is not counted, holidays do not move it."""

    n: Count
    kind: Literal["natural_days"] = "natural_days"


@dataclass(frozen=True, slots=True, config=_STRICT)
class WorkingDaysBefore:
    """The same wall-clock time on the N-th working day before the day the limit ends on."""

    n: Count
    kind: Literal["working_days_before"] = "working_days_before"


@dataclass(frozen=True, slots=True, config=_STRICT)
class NaturalHoursBefore:
    n: Count
    kind: Literal["natural_hours_before"] = "natural_hours_before"


@dataclass(frozen=True, slots=True, config=_STRICT)
class NaturalMinutesBefore:
    n: Count
    kind: Literal["natural_minutes_before"] = "natural_minutes_before"


Limit: TypeAlias = Annotated[
    WorkingDays | WorkingHours | NaturalHours | NaturalMinutes | NaturalDays, Field(discriminator="kind")
]
WarningBefore: TypeAlias = Annotated[
    WorkingDaysBefore | NaturalHoursBefore | NaturalMinutesBefore, Field(discriminator="kind")
]
