"""A row of ``requests`` with its requester's key, as a value."""

import asyncpg

from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.application.ports import ChainEnd, RequesterKey, StoredRequest
from intake_svc.application.texts import guidance_context
from intake_svc.domain.requests import Linkage, Matter, Standing


def stored_request(row: asyncpg.Record, keys: RequesterKeys) -> StoredRequest:
    """Open the key, not yet the words."""
    key = None if row["requester_id"] is None else keys.open(row)
    return StoredRequest(
        request_id=row["request_id"],
        ticket_id=row["ticket_id"],
        text_id=row["text_id"],
        matter=_matter(row),
        standing=_standing(row, key),
        sealed=row["sealed"],
        key=key,
        created_at=row["created_at"],
        decided_at=row["decided_at"],
        end=ChainEnd(seq=row["seq"], at=row["last_at"], hash=row["last_hash"]),
    )


def _matter(row: asyncpg.Record) -> Matter:
    linkage = None
    if row["linkage_system"] is not None:
        linkage = Linkage(
            system=row["linkage_system"], number=row["linkage_number"], level=row["linkage_level"]
        )
    return Matter(
        channel=row["channel"],
        channel_ref=row["channel_ref"],
        type=row["type"],
        category=row["category"],
        area_code=row["area_code"],
        emergent=row["emergent"],
        confidential=row["confidential"],
        linkage=linkage,
        received_at=row["received_at"],
    )


def _standing(row: asyncpg.Record, key: RequesterKey | None) -> Standing:
    guidance = row["guidance"]
    if row["own_guidance"] is not None and key is not None:
        guidance = key.open(row["own_guidance"], guidance_context(row["request_id"])).decode()
    return Standing(
        request_id=row["request_id"],
        outcome=row["outcome"],
        ticket_id=row["ticket_id"] if row["outcome"] == "accepted" else row["repeated_ticket_id"],
        ticket_no=row["ticket_no"] or row["repeated_ticket_no"],
        reason=row["reason"],
        guidance=guidance,
    )


def first_standing(row: asyncpg.Record) -> Standing:
    """What a request was answered with when it came, whatever was decided since."""
    if row["held"]:
        return Standing(request_id=row["request_id"], outcome="pending")
    return Standing(
        request_id=row["request_id"],
        outcome="accepted",
        ticket_id=row["ticket_id"],
        ticket_no=row["ticket_no"],
    )
