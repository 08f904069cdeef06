"""Between rows and the frozen values of the domain."""

from typing import Any

import asyncpg
import orjson

from hotline_chassis.crypto import DataKey, MasterKeys
from routing_svc.application.ports import Held
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.redo import FirstRating
from routing_svc.domain.tickets import Assignment, Ticket
from routing_svc.domain.units import Unit
from routing_svc.domain.words import Requester, Words


def held_of(row: asyncpg.Record, keys: MasterKeys) -> Held:
    """A ticket with its words opened; without them while text or key is not here."""
    if row["wrapped"] is None:
        return Held(ticket_of(row), None, None)
    key = keys.unwrap(row["key_id"], row["master_key_id"], row["wrapped"])
    return Held(ticket_of(row), _words(key, row), key)


def _words(key: DataKey, row: asyncpg.Record) -> Words:
    said: dict[str, Any] = orjson.loads(key.open(row["sealed"], str(row["text_id"])))
    requester = said["requester"]
    return Words(
        subject=said["subject"],
        description=said["description"],
        requester=Requester(requester.get("name"), requester.get("phone")) if requester else None,
    )


def ticket_of(row: asyncpg.Record) -> Ticket:
    return Ticket(
        ticket_id=row["ticket_id"],
        ticket_no=row["ticket_no"],
        site=row["site"],
        request_id=row["request_id"],
        state=row["state"],
        type=row["type"],
        nature=row["nature"],
        category=row["category"],
        area_code=row["area_code"],
        emergent=row["emergent"],
        confidential=row["confidential"],
        round=row["round"],
        rejections=row["rejections"],
        text_id=row["text_id"],
        determination=row["determination"],
        replied_by=row["replied_by"],
        created_at=row["created_at"],
        version=row["version"],
        last_at=row["last_at"],
        last_hash=row["last_hash"],
        assignments=tuple(_assignment(charge) for charge in row["assignments"]),
        first_rating=_first_rating(row),
        redo_decision=row["redo_decision"],
    )


def _first_rating(row: asyncpg.Record) -> FirstRating | None:
    if row["rating_id"] is None:
        return None
    return FirstRating(row["rating_id"], row["level"], row["redo_requested"])


def _assignment(charge: tuple[Any, ...]) -> Assignment:
    return Assignment(
        assignment_id=charge[0],
        parent_assignment_id=charge[1],
        unit=charge[2],
        lineage=tuple(charge[3]),
        role=charge[4],
        state=charge[5],
        delivered_at=charge[6],
        signed_at=charge[7],
        replied_at=charge[8],
        released_at=charge[9],
    )


def unit_of(row: asyncpg.Record) -> Unit:
    return Unit(
        code=row["code"],
        version=row["version"],
        name=row["name"],
        group=row["group"],
        parent=row["parent"],
        uscc=row["uscc"],
        lineage=tuple(row["lineage"]),
        put_at=row["put_at"],
    )


def entry_of(row: asyncpg.Record) -> DirectoryEntry:
    return DirectoryEntry(
        entry_id=row["entry_id"],
        category=row["category"],
        area_code=row["area_code"],
        lead=row["lead"],
        supports=tuple(row["supports"]),
        effective_from=row["effective_from"],
        effective_to=row["effective_to"],
    )
