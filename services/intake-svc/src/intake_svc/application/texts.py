"""The words of a request, sealed: whole for this service, masked for those who handle the ticket."""

from base64 import b64encode
from typing import Any
from uuid import UUID

import orjson

from hotline_contracts.events.intake import RequestTextPutV1
from intake_svc.application.ports import RequesterKey
from intake_svc.domain.masking import mask_name, mask_phone
from intake_svc.domain.requests import Person, Words


def seal_words(words: Words, key: RequesterKey, request_id: UUID) -> bytes:
    """All of it, unmasked, readable where the requester's key is."""
    return key.seal(orjson.dumps(words), str(request_id))


def open_words(sealed: bytes, key: RequesterKey, request_id: UUID) -> Words:
    found: dict[str, Any] = orjson.loads(key.open(sealed, str(request_id)))
    person = found.pop("person")
    return Words(**found, person=None if person is None else Person(**person))


def guidance_context(request_id: UUID) -> str:
    """Where a person's own guidance belongs: it cannot be passed off as the request's words."""
    return f"{request_id}/guidance"


def masked(person: Person) -> Person:
    return Person(
        name=None if person.name is None else mask_name(person.name),
        phone=None if person.phone is None else mask_phone(person.phone),
        kind=person.kind,
    )


def put_text(words: Words, key: RequesterKey, *, text_id: UUID, ticket_id: UUID) -> RequestTextPutV1:
    """The text that travels: name and phone masked before it is sealed."""
    person = words.person
    shown = {
        "subject": words.subject,
        "description": words.description,
        "address": words.address,
        "requester": None if person is None else masked(person),
    }
    return RequestTextPutV1(
        text_id=text_id,
        ticket_id=ticket_id,
        key_id=key.key_id,
        master_key_id=key.master_key_id,
        wrapped_key=b64encode(key.wrapped).decode(),
        sealed=b64encode(key.seal(orjson.dumps(shown), str(text_id))).decode(),
    )
