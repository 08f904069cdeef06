"""How far each life of a plan has come, read from the system: what was done is not done twice."""

from typing import NamedTuple

from hotline_local.city.plan import Life, Plan
from hotline_local.inprocess import GatewayClient


class Ids(NamedTuple):
    request_id: str
    ticket_id: str | None


class Come(NamedTuple):
    """Where one life stands: its ids, and how many of its acts, from the first on, are done."""

    ids: Ids
    acts: int


async def how_far(client: GatewayClient, token: str, plan: Plan) -> dict[str, Come]:
    """By ``ref``, of the requests that were sent.

    Each act leaves exactly one trace: of screening the outcome, of routing a version of the ticket (the first
    is its creation), of evaluation an attempt or a rating.
    """
    lives = {life.ref: life for life in plan.lives}
    traces: dict[str, int] = {}
    for ticket in await client.items("/api/v1/tickets", token=token):
        traces[ticket["ticket_id"]] = ticket["version"] - 1
    for task in await client.items("/api/v1/follow-ups", token=token):
        traces[task["ticket_id"]] += len(task["attempts"]) + (task["rating"] is not None)
    found: dict[str, Come] = {}
    for sent in await client.items("/api/v1/requests", token=token):
        if life := lives.get(sent["channel_ref"]):
            own = traces.get(sent["ticket_id"], 0) if sent["outcome"] == "accepted" else 0
            screened = _is_screened(life) and sent["outcome"] != "pending"
            found[life.ref] = Come(Ids(sent["request_id"], sent["ticket_id"]), own + screened)
    return found


def _is_screened(life: Life) -> bool:
    return bool(life.body["decision"] == "hold")
