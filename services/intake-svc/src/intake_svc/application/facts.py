"""The facts of a request. All of one request have one key, its ticket's id, so that they keep their order.

The id is minted with the request, also when it never becomes a ticket.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from hotline_contracts.events.base import Event
from hotline_contracts.events.intake import RequestAcceptedV1, RequestHeldV1, RequestTextPutV1
from intake_svc.application.history import UNHASHED
from intake_svc.application.ports import HistoryItem, Work
from intake_svc.domain.requests import Matter


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its envelope, ready for the transaction's outbox."""

    event: Event
    event_id: UUID
    subject: UUID
    key: UUID
    sequence: int
    at: datetime

    def into(self, work: Work) -> None:
        work.announce(
            self.event,
            event_id=self.event_id,
            subject=self.subject,
            key=self.key,
            sequence=self.sequence,
            at=self.at,
        )


def accepted(
    matter: Matter, *, request_id: UUID, ticket_id: UUID, ticket_no: str, text_id: UUID
) -> RequestAcceptedV1:
    return RequestAcceptedV1(
        request_id=request_id,
        ticket_id=ticket_id,
        ticket_no=ticket_no,
        text_id=text_id,
        channel=matter.channel,
        type=matter.type,
        category=matter.category,
        area_code=matter.area_code,
        emergent=matter.emergent,
        confidential=matter.confidential,
        hash=UNHASHED,
    )


def held(matter: Matter, *, request_id: UUID) -> RequestHeldV1:
    return RequestHeldV1(
        request_id=request_id,
        channel=matter.channel,
        type=matter.type,
        emergent=matter.emergent,
        hash=UNHASHED,
    )


def of_request(event: Event, item: HistoryItem, *, request_id: UUID, ticket_id: UUID) -> Announcement:
    """The fact of a history item."""
    return Announcement(
        event=event,
        event_id=item.event_id,
        subject=request_id,
        key=ticket_id,
        sequence=item.seq,
        at=item.at,
    )


def of_text(event: RequestTextPutV1, *, event_id: UUID, at: datetime) -> Announcement:
    """The one record of a text."""
    return Announcement(
        event=event, event_id=event_id, subject=event.text_id, key=event.text_id, sequence=1, at=at
    )
