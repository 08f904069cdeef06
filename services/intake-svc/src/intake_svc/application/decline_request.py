"""Decline a held request with one of the five classes. Source: rule N2."""

from dataclasses import dataclass
from uuid import UUID

from hotline_contracts.events.intake import RequestDeclinedV1
from hotline_contracts.ids import act_id
from hotline_contracts.problems import InvalidInput, NotFound
from hotline_contracts.values import DeclineReason
from intake_svc.application import facts
from intake_svc.application.history import UNHASHED, link
from intake_svc.application.ports import Actor, Refused, RequestStore, StoredRequest, Work
from intake_svc.application.texts import guidance_context
from intake_svc.domain.guidance import GUIDANCE
from intake_svc.domain.requests import Standing, ensure_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """What a person decided.

    Attributes:
        guidance: told instead of the class's own text. Of ``secrecy`` only the class is stored, so there
            the class's own text is told whatever stands here.
        ticket_id: the ticket that has the matter already, of ``repeat`` only.
    """

    reason: DeclineReason
    guidance: str | None
    ticket_id: UUID | None


async def decline_request(
    request_id: UUID, decline: Decline, actor: Actor, store: RequestStore, work: Work
) -> Standing:
    """Store the class and what the requester is told; ``secrecy`` erases the content with it.

    Raises:
        InvalidInput: a ticket is named that is none, or for another class than ``repeat``.
        NotFound: there is no such request.
        NotAllowedInState: it was decided before.
    """
    repeated_no = await _repeated(decline, store)
    found = await store.locked(request_id)
    if found is None:
        raise NotFound("没有这一诉求。")
    ensure_allowed("decline", found.standing.outcome)
    at = await work.stamp(found.end.at)
    fact = RequestDeclinedV1(
        request_id=request_id, reason=decline.reason, ticket_id=decline.ticket_id, hash=UNHASHED
    )
    item, fact = link(found.end, fact, event_id=act_id(at), at=at, actor=actor)
    await store.decline(request_id, _stored(decline, found), item)
    facts.of_request(fact, item, request_id=request_id, ticket_id=found.ticket_id).into(work)
    return Standing(
        request_id=request_id,
        outcome="declined",
        ticket_id=decline.ticket_id,
        ticket_no=repeated_no,
        reason=decline.reason,
        guidance=_told(decline),
    )


async def _repeated(decline: Decline, store: RequestStore) -> str | None:
    if decline.ticket_id is None:
        return None
    if decline.reason != "repeat":
        raise InvalidInput.at("body", "/ticket_id", "仅重复诉求可指明原工单。")
    ticket_no = await store.accepted_ticket(decline.ticket_id)
    if ticket_no is None:
        raise InvalidInput.at("body", "/ticket_id", "没有这一工单。")
    return ticket_no


def _told(decline: Decline) -> str:
    if decline.guidance is None or decline.reason == "secrecy":
        return GUIDANCE[decline.reason]
    return decline.guidance


def _stored(decline: Decline, found: StoredRequest) -> Refused:
    told = _told(decline)
    sealed = None
    if told != GUIDANCE[decline.reason] and found.key is not None:
        sealed = found.key.seal(told.encode(), guidance_context(found.request_id))
    return Refused(
        reason=decline.reason,
        guidance=None if sealed else told,
        sealed_guidance=sealed,
        repeated_ticket_id=decline.ticket_id,
        erases=decline.reason == "secrecy",
    )
