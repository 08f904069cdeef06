"""A request's history: hash-chained items that hold no personal data, one for each of its facts."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from hotline_contracts.canonical import GENESIS, canonical, chain_hash, instant_text
from hotline_contracts.events.base import plain
from hotline_contracts.events.intake import RequestAcceptedV1, RequestDeclinedV1, RequestHeldV1
from intake_svc.application.ports import Actor, ChainEnd, HistoryItem

RequestFact = TypeVar("RequestFact", RequestAcceptedV1, RequestDeclinedV1, RequestHeldV1)

BEGINNING = ChainEnd(seq=0, at=None, hash=GENESIS)
UNHASHED = ""


def link(
    end: ChainEnd, fact: RequestFact, *, event_id: UUID, at: datetime, actor: Actor
) -> tuple[HistoryItem, RequestFact]:
    """The next item of a chain, and the fact with its hash, so that the topic anchors the chain."""
    data = plain(fact)
    del data["hash"]
    item = canonical(
        {
            "seq": end.seq + 1,
            "event_id": str(event_id),
            "type": fact.TYPE,
            "at": instant_text(at),
            "actor": {"sub": actor.sub, "roles": list(actor.roles), "unit": actor.unit},
            "data": data,
        }
    )
    hashed = chain_hash(end.hash, item)
    history = HistoryItem(event_id=event_id, seq=end.seq + 1, at=at, item=item, hash=hashed)
    return history, msgspec.structs.replace(fact, hash=hashed)
