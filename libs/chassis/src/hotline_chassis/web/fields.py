"""Types of what comes in and goes out: strict, so that nothing is guessed from a value of another type."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hotline_chassis.web.messages import OWN_TYPE
from hotline_chassis.web.strict_body import MAX_EXACT
from hotline_contracts.canonical import instant_text

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ENDS_OF_TIME = {datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)}
"""What the database's driver stores as minus and plus infinity, and gives back without a zone."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class In(BaseModel):
    """Base of request bodies: strict types, and a field nobody knows is refused (it may be misspelt).

    UUIDs, instants and days arrive as text: declare them as ``Id``, ``Instant`` and ``Day``.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Out(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(frozen=True)


def unfit(message: str) -> PydanticCustomError:
    """What a validator raises; ``message`` is a Chinese sentence and must not hold the value."""
    return PydanticCustomError(OWN_TYPE, message.replace("{", "{{").replace("}", "}}"))


def _instant(value: Any) -> datetime:
    wrong = unfit("应为带时区偏移的 RFC 3339 时间，如 2026-02-01T09:00:00+08:00（查询参数中 + 写作 %2B）。")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise wrong from None
        if at not in _ENDS_OF_TIME:
            return at
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    raise wrong


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise unfit("应为日期，如 2026-02-01。")


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware instant in UTC: from RFC 3339 text with an offset only, digits past the microsecond cut off."""
Day = Annotated[
    date,
    PlainValidator(_day),
    PlainSerializer(date.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A calendar date, from ``YYYY-MM-DD`` only."""
Id = Annotated[UUID, Field(strict=False)]
"""A UUID in a strict body."""

Whole = Annotated[int, Field(ge=-MAX_EXACT, le=MAX_EXACT)]
"""An integer that every JSON reader takes exactly, and that fits into a bigint."""

ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
"""A line: 1 to 200 characters, not all blank."""
NoteText = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
"""A remark: 1 to 2,000 characters, not all blank."""
LongText = Annotated[str, Field(min_length=1, max_length=20000, pattern=r"\S")]
"""A text: 1 to 20,000 characters, not all blank."""
