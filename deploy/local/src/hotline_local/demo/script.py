"""The script of the demonstration as data: ``morning.toml``, read strictly."""

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from hotline_contracts.values import (
    Channel,
    DeclineReason,
    Determination,
    Emergent,
    TicketType,
    UnitGroup,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
YEAR = 2026
Moment: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d\d-\d\d \d\d:\d\d$")]
"""``month-day hour:minute`` of 2026 in Shanghai."""


def instant(moment: Moment) -> datetime:
    """The aware instant of a moment of the script."""
    return datetime.fromisoformat(f"{YEAR}-{moment}").replace(tzinfo=SHANGHAI)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in the script: a field nobody knows is a misspelt one."""


class UnitRow(Row, frozen=True, kw_only=True):
    code: str
    name: str
    group: UnitGroup


class DirectoryRow(Row, frozen=True, kw_only=True):
    """``area`` None: the whole city."""

    category: str
    area: str | None = None
    lead: str


class Step(Row, frozen=True, kw_only=True, tag_field="do"):
    """Something that a person does with a request or its ticket."""

    at: Moment


class Accept(Step, frozen=True, kw_only=True, tag="accept"):
    pass


class Decline(Step, frozen=True, kw_only=True, tag="decline"):
    """``guidance`` None: the class's own text. ``of``: ref of the request whose ticket has the matter."""

    reason: DeclineReason
    guidance: str | None = None
    of: str | None = None


class Dispatch(Step, frozen=True, kw_only=True, tag="dispatch"):
    """``lead`` None: the directory decides."""

    lead: str | None = None
    supports: list[str] = []
    note: str | None = None


class Sign(Step, frozen=True, kw_only=True, tag="sign"):
    """``unit`` None: the lead."""

    unit: str | None = None


class Interim(Step, frozen=True, kw_only=True, tag="interim"):
    text: str


class Reply(Step, frozen=True, kw_only=True, tag="reply"):
    text: str
    determination: Determination = "solved"


class Approve(Step, frozen=True, kw_only=True, tag="approve"):
    pass


class Reject(Step, frozen=True, kw_only=True, tag="reject"):
    note: str


class Close(Step, frozen=True, kw_only=True, tag="close"):
    pass


AnyStep: TypeAlias = Accept | Decline | Dispatch | Sign | Interim | Reply | Approve | Reject | Close


class Linked(Row, frozen=True, kw_only=True):
    system: Literal["110", "119", "120"]
    number: str


class RequestRow(Row, frozen=True, kw_only=True):
    """One contact: what was said, and what people did with it.

    Attributes:
        ref: the channel's own number, unique in the script.
        hold: the agent leaves it to a person to decide.
    """

    ref: str
    at: Moment
    channel: Channel
    type: TicketType
    subject: str
    description: str
    category: str | None = None
    area: str | None = None
    emergent: Emergent | None = None
    linkage: Linked | None = None
    name: str | None = None
    phone: str | None = None
    confidential: bool = False
    hold: bool = False
    steps: list[AnyStep]


class Happening(NamedTuple):
    """``step`` None: the request itself comes in."""

    at: datetime
    request: RequestRow
    step: AnyStep | None


class Script(Row, frozen=True, kw_only=True):
    """Units, directory and requests; ``ends`` is where the clock is left."""

    begins: Moment
    ends: Moment
    units: list[UnitRow]
    directory: list[DirectoryRow]
    requests: list[RequestRow]

    def happenings(self) -> list[Happening]:
        """Everything that people do, in order of time; at one instant in the script's order."""
        return sorted(self._unsorted(), key=lambda happening: happening.at)

    def _unsorted(self) -> Iterator[Happening]:
        for request in self.requests:
            yield Happening(instant(request.at), request, None)
            for step in request.steps:
                yield Happening(instant(step.at), request, step)


def read_script() -> Script:
    """The shipped script.

    Raises:
        msgspec.ValidationError: it names the place that is wrong.
    """
    text = files("hotline_local.demo").joinpath("morning.toml").read_bytes()
    return msgspec.toml.decode(text, type=Script)
