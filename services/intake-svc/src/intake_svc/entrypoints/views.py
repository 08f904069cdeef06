"""Stored requests as answers: opened, masked."""

from typing import Any

from intake_svc.application.ports import StoredRequest
from intake_svc.application.take_in import answer
from intake_svc.application.texts import masked, open_words
from intake_svc.domain.requests import Words
from intake_svc.entrypoints.schemas import (
    LinkageOut,
    LocationOut,
    RequestDetail,
    RequesterOut,
    RequestSummary,
)


def summary(stored: StoredRequest) -> RequestSummary:
    return RequestSummary(**_summary_fields(stored, _words(stored)))


def detail(stored: StoredRequest) -> RequestDetail:
    words, linkage = _words(stored), stored.matter.linkage
    location = words and words.location
    return RequestDetail(
        **_summary_fields(stored, words),
        description=words and words.description,
        address=words and words.address,
        location=LocationOut(**location) if location else None,
        requester=_requester(words, confidential=stored.matter.confidential),
        linkage=linkage and LinkageOut(system=linkage.system, number=linkage.number, level=linkage.level),
    )


def _words(stored: StoredRequest) -> Words | None:
    if stored.sealed is None or stored.key is None:
        return None
    return open_words(stored.sealed, stored.key, stored.request_id)


def _summary_fields(stored: StoredRequest, words: Words | None) -> dict[str, Any]:
    matter = stored.matter
    return {
        **answer(stored.standing),
        "channel": matter.channel,
        "channel_ref": matter.channel_ref,
        "type": matter.type,
        "subject": words and words.subject,
        "category": matter.category,
        "area_code": matter.area_code,
        "emergent": matter.emergent,
        "received_at": matter.received_at,
        "created_at": stored.created_at,
        "decided_at": stored.decided_at,
    }


def _requester(words: Words | None, *, confidential: bool) -> RequesterOut | None:
    if words is None or words.person is None:
        return None
    shown = masked(words.person)
    return RequesterOut(name=shown.name, phone=shown.phone, kind=shown.kind, confidential=confidential)
