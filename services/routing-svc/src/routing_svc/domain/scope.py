"""What of a ticket is whose: from its own assignments, never from a copied "current lead"."""

from hotline_contracts.problems import Forbidden, NotFound
from routing_svc.domain.actors import Actor
from routing_svc.domain.tickets import Assignment, Ticket


def ensure_visible(ticket: Ticket, actor: Actor) -> None:
    """Let pass who may know that the ticket exists.

    Raises:
        NotFound: a unit without an assignment in its subtree.
    """
    if not actor.reads_the_city and not _within(ticket, actor):
        raise NotFound("未找到该工单。")


def assignments_of(ticket: Ticket, actor: Actor) -> list[Assignment]:
    """Assignments for which a unit's person may act: the own unit's first, then those below; never empty.

    Raises:
        NotFound: another unit's ticket.
        Forbidden: the ticket is visible through another role, but no assignment lies in the subtree.
    """
    ensure_visible(ticket, actor)
    own = _within(ticket, actor)
    if not own:
        raise Forbidden("该工单没有交由本单位办理。")
    return sorted(own, key=lambda charge: charge.unit != actor.unit)


def ensure_other_than_replier(ticket: Ticket, actor: Actor) -> None:
    """Who approves is never who asked.

    Raises:
        Forbidden: the same person wrote the reply under review.
    """
    if ticket.state == "reply_review" and ticket.replied_by == actor.sub:
        raise Forbidden("答复人不能审核自己的答复。")


def hides_requester(ticket: Ticket, actor: Actor) -> bool:
    """Whether a confidential requester stays unknown to this person (a unit's)."""
    return ticket.confidential and not actor.reads_the_city


def _within(ticket: Ticket, actor: Actor) -> list[Assignment]:
    return [charge for charge in ticket.assignments if actor.unit in charge.lineage]
