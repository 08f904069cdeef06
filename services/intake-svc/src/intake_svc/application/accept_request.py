"""A held request becomes a ticket."""

from uuid import UUID

from hotline_contracts.ids import act_id
from hotline_contracts.problems import NotFound
from intake_svc.application import facts
from intake_svc.application.history import link
from intake_svc.application.ports import Actor, RequestStore, Work
from intake_svc.application.texts import open_words, put_text
from intake_svc.domain.numbering import numbering_day
from intake_svc.domain.requests import Standing, ensure_allowed


async def accept_request(request_id: UUID, actor: Actor, store: RequestStore, work: Work) -> Standing:
    """Number it, and send its text on; that it waited shows only in its history.

    Raises:
        NotFound: there is no such request.
        NotAllowedInState: it was decided before.
    """
    found = await store.locked(request_id)
    if found is None:
        raise NotFound("没有这一诉求。")
    ensure_allowed("accept", found.standing.outcome)
    if found.sealed is None or found.key is None:
        raise ValueError(f"request {request_id} waits for a decision, but its words are erased")
    at = await work.stamp(found.end.at)
    ticket_no = await store.next_ticket_no(numbering_day(at))
    accepted = facts.accepted(
        found.matter,
        request_id=request_id,
        ticket_id=found.ticket_id,
        ticket_no=ticket_no,
        text_id=found.text_id,
    )
    item, accepted = link(found.end, accepted, event_id=act_id(at), at=at, actor=actor)
    await store.accept(request_id, ticket_no, item)
    words = open_words(found.sealed, found.key, request_id)
    text = put_text(words, found.key, text_id=found.text_id, ticket_id=found.ticket_id)
    facts.of_request(accepted, item, request_id=request_id, ticket_id=found.ticket_id).into(work)
    facts.of_text(text, event_id=act_id(at), at=at).into(work)
    return Standing(request_id=request_id, outcome="accepted", ticket_id=found.ticket_id, ticket_no=ticket_no)
