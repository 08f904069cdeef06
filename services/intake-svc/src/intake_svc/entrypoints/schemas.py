"""What comes in and goes out, as the public contract has it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hotline_chassis.web.fields import Id, In, Instant, LongText, NoteText, Out, ShortText
from hotline_contracts.problems import InvalidInput
from hotline_contracts.values import (
    CITY_AREA,
    Channel,
    DeclineReason,
    Emergent,
    RequesterKind,
    RequestOutcome,
    TicketType,
)
from intake_svc.domain.categories import Category
from intake_svc.domain.requests import Decision, Linkage, Matter, Person, Words

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
Phone = Annotated[str, Field(min_length=5, max_length=20, pattern=r"^[+ -]*(?:[0-9][+ -]*){5,20}$")]
"""5 to 20 digits, ``+``, ``-`` and spaces, with at least 5 digits."""
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]
ChannelRef = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
CategoryPath = Annotated[str, Field(min_length=1, max_length=200)]


class LocationIn(In):
    """A point in China's own datum; a point in another one lies elsewhere and is refused."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    datum: Literal["CGCS2000"]


class RequesterIn(In):
    name: Name | None = None
    phone: Phone | None = None
    kind: RequesterKind = "person"
    confidential: bool = False


class LinkageIn(In):
    """The linked service's own reference, as it told us."""

    system: Annotated[str, Field(min_length=1, max_length=50, pattern=r"\S")]
    number: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    level: Annotated[str, Field(min_length=1, max_length=50)] | None = None


class RequestIn(In):
    """One contact over one channel."""

    channel: Channel
    channel_ref: ChannelRef | None = None
    type: TicketType
    subject: ShortText
    description: LongText
    category: CategoryPath | None = None
    area_code: AreaCode | None = None
    address: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    location: LocationIn | None = None
    requester: RequesterIn | None = None
    emergent: Emergent | None = None
    linkage: LinkageIn | None = None
    received_at: Instant | None = None
    decision: Decision | None = None

    def ensure_fits_channel(self) -> None:
        """Refuse what its channel cannot have, or must have and has not.

        Raises:
            InvalidInput: pointing at the field.
        """
        if self.received_at is not None and self.channel != "import":
            raise InvalidInput.at("body", "/received_at", "仅 import 渠道可填写。")
        if self.linkage is None and self.channel == "linkage":
            raise InvalidInput.at("body", "/linkage", "linkage 渠道须填写。")

    def matter(self) -> Matter:
        """Everything but the words."""
        return Matter(
            channel=self.channel,
            channel_ref=self.channel_ref,
            type=self.type,
            category=self.category,
            area_code=self.area_code or CITY_AREA,
            emergent=self.emergent,
            confidential=self.requester is not None and self.requester.confidential,
            linkage=None if self.linkage is None else Linkage(**dict(self.linkage)),
            received_at=self.received_at,
        )

    def words(self) -> Words:
        """Everything that is sealed."""
        asked = self.requester
        return Words(
            subject=self.subject,
            description=self.description,
            address=self.address,
            location=None if self.location is None else dict(self.location),
            person=None if asked is None else Person(name=asked.name, phone=asked.phone, kind=asked.kind),
        )


class DeclineIn(In):
    """One of the five classes; ``guidance`` is told instead of the class's own text."""

    reason: DeclineReason
    guidance: NoteText | None = None
    ticket_id: Id | None = None


class Answer(Out):
    """What became of a request. A repeat names the ticket that has the matter already."""

    request_id: UUID
    outcome: RequestOutcome
    ticket_id: UUID | None
    ticket_no: str | None
    reason: DeclineReason | None
    guidance: str | None


class LocationOut(Out):
    lon: float
    lat: float
    datum: Literal["CGCS2000"]


class RequesterOut(Out):
    """Name and phone masked."""

    name: str | None
    phone: str | None
    kind: RequesterKind
    confidential: bool


class LinkageOut(Out):
    system: str
    number: str
    level: str | None


class RequestSummary(Answer):
    """A request in a list; ``subject`` is null once its content was erased."""

    channel: Channel
    channel_ref: str | None
    type: TicketType
    subject: str | None
    category: str | None
    area_code: str
    emergent: Emergent | None
    received_at: Instant | None
    created_at: Instant
    decided_at: Instant | None


class RequestDetail(RequestSummary):
    """The answer, and what was sent, masked."""

    description: str | None
    address: str | None
    location: LocationOut | None
    requester: RequesterOut | None
    linkage: LinkageOut | None


class CategoryOut(Out):
    """A category with those below it; ``path`` is how a request names it."""

    name: str
    path: str
    level: int
    children: "list[CategoryOut]"

    @classmethod
    def of(cls, category: Category) -> "CategoryOut":
        return cls(
            name=category.name,
            path=category.path,
            level=category.level,
            children=[cls.of(child) for child in category.children],
        )


class CategoryTreeOut(Out):
    """The first level, whole: a tree is never cut into pages."""

    items: list[CategoryOut]
    next: str | None
