"""The totals of a plan, in the shape in which they are read back from the system."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hotline_local.city.oracle.scores import months_of
from hotline_local.city.oracle.tickets import Ticket, ticket_at
from hotline_local.city.plan import Plan


def expected_totals(plan: Plan) -> dict[str, Any]:
    """What the public interface must say of the plan's requests at ``plan.ends``.

    Returns:
        ``requests`` (by outcome, channel, type, class of decline), ``tickets`` (by state, how many emergent),
        ``cards`` and ``clocks`` (by duty, then colour or state), ``follow_ups`` (by outcome, ``open`` the
        others), ``ratings`` (given and formed by level), ``months`` (see ``months_of``). Nothing counts 0.
    """
    known = [ticket_at(life, plan.ends) for life in plan.lives]
    tickets = [ticket for ticket in known if ticket.state is not None]
    ended = (follow_up or "open" for ticket in tickets for follow_up in ticket.follow_ups)
    return {
        "requests": {
            "total": len(known),
            "outcome": counted(ticket.outcome for ticket in known),
            "channel": counted(ticket.life.body["channel"] for ticket in known),
            "type": counted(ticket.type for ticket in known),
            "declined": counted(ticket.reason for ticket in known if ticket.reason),
        },
        "tickets": {
            "total": len(tickets),
            "state": counted(str(ticket.state) for ticket in tickets),
            "emergent": sum(ticket.life.emergent is not None for ticket in tickets),
        },
        "cards": _by_duty(tickets, cards=True),
        "clocks": _by_duty(tickets, cards=False),
        "follow_ups": counted(ended),
        "ratings": {
            "given": counted(rating.level for ticket in tickets for rating in ticket.given),
            "formed": counted(ticket.formed.level for ticket in tickets if ticket.formed),
        },
        "months": months_of(tickets),
    }


def counted(items: Iterable[str]) -> dict[str, int]:
    """How often each comes, by name."""
    return dict(sorted(Counter(items).items()))


def _by_duty(tickets: list[Ticket], *, cards: bool) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for ticket in tickets:
        for timer in ticket.timers:
            found.setdefault(timer.duty, Counter()).update(timer.cards if cards else [timer.state])
    return {duty: dict(sorted(counts.items())) for duty, counts in sorted(found.items())}
