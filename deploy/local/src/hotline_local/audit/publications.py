"""Everything that publishes has told it, and nothing was told that is not there.

``references-published``, ``texts-published``, ``clocks-published``, ``cards-published``; histories have
their own family.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from .findings import Findings
from .snapshot import Record, Row, Snapshot, instant

CARD_ISSUED = "sla.card.issued.v1"


def check(snapshot: Snapshot, findings: Findings) -> None:
    _check_units(snapshot, findings)
    _check_policies(snapshot, findings)
    _check_calendars(snapshot, findings)
    _check_request_texts(snapshot, findings)
    _check_ticket_texts(snapshot, findings)
    _check_clocks(snapshot, findings)
    _check_cards(snapshot, findings)


def _compare(
    snapshot: Snapshot,
    findings: Findings,
    invariant: str,
    rows: Mapping[str, Mapping[str, Any]],
    events: Mapping[str, Record],
) -> None:
    """Hold rows against events of the same name, both ways.

    Args:
        rows: what each event must say, by name; ``{}`` where the name alone is enough.
        events: newest event by name.
    """
    for name, expected in rows.items():
        record = events.get(name)
        findings.checked(invariant)
        if record is None:
            findings.violated(invariant, name, "its event is neither on the topic nor in the outbox")
            continue
        differ = [name for name, value in expected.items() if not _says(record.data.get(name), value)]
        if differ:
            findings.violated(invariant, name, f"{record.place} differs in {', '.join(differ)}")
    for name, record in events.items():
        if name not in rows and snapshot.settled(record) and record.value is not None:
            findings.violated(invariant, name, f"{record.place} has no row")


def _says(told: Any, kept: Any) -> bool:
    """Whether an event's JSON value is that of a column; instants compare as such, not as text."""
    return bool(instant(told) == kept if isinstance(kept, datetime) else told == kept)


def _first_events(snapshot: Snapshot, topic: str) -> dict[str, Record]:
    """The event of every subject that has only one."""
    return {subject: next(iter(sequences.values())) for subject, sequences in snapshot.events(topic).items()}


def _check_units(snapshot: Snapshot, findings: Findings) -> None:
    """A unit's row is its newest version; each version has its own event."""
    rows = {
        f"{row['code']}:{row['version']}": {
            "name": row["name"],
            "group": row["group"],
            "parent": row["parent"],
            "uscc": row["uscc"],
        }
        for row in snapshot.services["routing"]["units"]
    }
    newest = {row["code"]: row["version"] for row in snapshot.services["routing"]["units"]}
    events = {
        f"{code}:{sequence}": record
        for code, sequences in snapshot.events("reference.units").items()
        for sequence, record in sequences.items()
        if sequence >= newest.get(code, 1)
    }
    _compare(snapshot, findings, "references-published", rows, events)


def _check_policies(snapshot: Snapshot, findings: Findings) -> None:
    rows = {
        str(row["version"]): {"author": row["author"], "document": orjson.loads(row["document"])}
        for row in snapshot.services["sla"]["policies"]
    }
    _compare(snapshot, findings, "references-published", rows, _first_events(snapshot, "reference.policies"))


def _check_calendars(snapshot: Snapshot, findings: Findings) -> None:
    rows = {
        f"{row['layer']}:{row['year']}:{row['version']}": {
            "status": row["status"],
            "source": row["source"],
            "days": orjson.loads(row["days"]),
        }
        for row in snapshot.services["sla"]["calendars"]
    }
    _compare(snapshot, findings, "references-published", rows, _first_events(snapshot, "reference.calendars"))


def _check_request_texts(snapshot: Snapshot, findings: Findings) -> None:
    """The words of every accepted request travel once; they are sealed anew for it, so only ids compare."""
    rows = {
        str(row["text_id"]): {"ticket_id": str(row["ticket_id"])}
        for row in snapshot.services["intake"]["requests"]
        if row["outcome"] == "accepted"
    }
    _compare(snapshot, findings, "texts-published", rows, _first_events(snapshot, "intake.texts"))


def _check_ticket_texts(snapshot: Snapshot, findings: Findings) -> None:
    rows = {
        str(row["text_id"]): {
            "ticket_id": str(row["ticket_id"]),
            "key_id": str(row["key_id"]),
            "sealed": b64encode(row["sealed"]).decode(),
        }
        for row in snapshot.services["routing"]["texts"]
        if row["kind"] != "request"
    }
    _compare(snapshot, findings, "texts-published", rows, _first_events(snapshot, "routing.texts"))


def _check_clocks(snapshot: Snapshot, findings: Findings) -> None:
    """A clock's sequence is the number of its events."""
    rows = {str(row["clock_id"]): row for row in snapshot.services["sla"]["clocks"]}
    events = snapshot.events("sla.clocks")
    for clock_id, row in rows.items():
        told = events.get(clock_id, {})
        missing = [n for n in range(1, row["sequence"] + 1) if n not in told]
        findings.require(
            not missing,
            "clocks-published",
            clock_id,
            f"events {missing} are neither on the topic nor in the outbox",
        )
        last = told.get(row["sequence"])
        if last is not None and last.at != row["last_at"]:
            findings.violated(
                "clocks-published", clock_id, f"{last.place} is not of the instant of its last change"
            )
    for clock_id, sequences in events.items():
        known = rows[clock_id]["sequence"] if clock_id in rows else 0
        for sequence, record in sequences.items():
            if sequence > known and snapshot.settled(record):
                findings.violated(
                    "clocks-published", clock_id, f"{record.place} is event {sequence}, the clock has {known}"
                )


def _check_cards(snapshot: Snapshot, findings: Findings) -> None:
    """Each card's row has exactly one event, and each event its row."""
    events: dict[str, Record] = {}
    for sequences in snapshot.events("sla.clocks").values():
        for record in sequences.values():
            if record.known.type != CARD_ISSUED:
                continue
            card_id = str(record.data.get("card_id"))
            if events.setdefault(card_id, record) is not record:
                findings.violated("cards-published", card_id, f"{record.place} tells it a second time")
    rows = {str(row["card_id"]): row for row in snapshot.services["sla"]["cards"]}
    expected = {card_id: _as_event(row) for card_id, row in rows.items()}
    _compare(snapshot, findings, "cards-published", expected, events)
    for card_id, record in events.items():
        if card_id in rows and record.at != rows[card_id]["issued_at"]:
            findings.violated("cards-published", card_id, f"{record.place} is not of the instant of issue")


def _as_event(row: Row) -> dict[str, Any]:
    plain = ("duty", "type", "unit", "round", "card", "was", "policy_version", "why")
    return {
        "clock_id": str(row["clock_id"]),
        "ticket_id": row["ticket_id"] and str(row["ticket_id"]),
        "assignment_id": row["assignment_id"] and str(row["assignment_id"]),
        "at": row["at"],
        "due_at": row["due_at"],
        "calendar_versions": orjson.loads(row["calendar_versions"]),
        **{name: row[name] for name in plain},
    }
