"""Use case: keep the words of requests, which may come before or after their tickets."""

from base64 import b64decode
from collections.abc import Sequence

from hotline_contracts.events.intake import RequestTextPutV1
from routing_svc.application.ports import ArrivalWork, SealedText, WrappedKey


async def keep_texts(work: ArrivalWork, events: Sequence[RequestTextPutV1]) -> None:
    """Store texts as they travel, sealed, and each requester's key once."""
    texts = [
        SealedText(event.text_id, event.ticket_id, event.key_id, b64decode(event.sealed), "request")
        for event in events
    ]
    keys = {
        event.key_id: WrappedKey(event.key_id, event.master_key_id, b64decode(event.wrapped_key))
        for event in events
    }
    await work.put_texts(texts, list(keys.values()))
