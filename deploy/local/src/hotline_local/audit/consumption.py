"""What was consumed, and that its effects are there.

``positions``, ``consumed-sequences``, ``consumed`` and ``nothing-parked``.
"""

from typing import Any

from hotline_contracts.events.registry import COMPACTED

from .deadlines import Start, references, starts_of
from .findings import Findings
from .layout import SERVICES
from .snapshot import Row, Snapshot

ACCEPTED = "intake.request.accepted.v1"
CREATED = "routing.ticket.created.v1"
RATED = "evaluation.rating.given.v1"


def check(snapshot: Snapshot, findings: Findings) -> None:
    for name in SERVICES:
        for topic in SERVICES[name].consumes:
            _check_positions(name, topic, snapshot, findings)
            _check_sequences(name, topic, snapshot, findings)
        _check_parked(name, snapshot, findings)
    _check_tickets(snapshot, findings)
    _check_known_tickets(snapshot, findings)
    _check_known_units(snapshot, findings)
    _check_texts(snapshot, findings)
    _check_first_ratings(snapshot, findings)
    _check_clocks(snapshot, findings)


def _check_positions(name: str, topic: str, snapshot: Snapshot, findings: Findings) -> None:
    """A topic that the service has begun to read has a row for each partition with records.

    All rows of a topic are written together before the first record is read.
    """
    tables = snapshot.services[name]
    incarnation = snapshot.log.incarnations.get(topic)
    rows = {
        row["partition"]: row["next_offset"]
        for row in tables["positions"]
        if (row["topic"], row["incarnation"]) == (topic, incarnation)
    }
    begun = bool(rows) or any(row["topic"] == topic for row in tables["consumed_subjects"])
    for (found, partition), end in snapshot.log.ends_before.items():
        if found == topic and end and begun:
            findings.require(
                partition in rows, "positions", f"{name}: {topic}/{partition}", "there is no position row"
            )
    for partition, next_offset in rows.items():
        end = snapshot.log.ends.get((topic, partition), 0)
        findings.require(
            0 <= next_offset <= end,
            "positions",
            f"{name}: {topic}/{partition}",
            f"stands at {next_offset}, the partition ends at {end}",
        )


def _check_sequences(name: str, topic: str, snapshot: Snapshot, findings: Findings) -> None:
    """The last sequence of each subject is the highest that was applied."""
    expected: dict[str, int] = {}
    for record in snapshot.consumed(name, topic):
        envelope = record.known
        expected[envelope.subject] = max(expected.get(envelope.subject, 0), envelope.sequence)
    rows = {
        row["subject"]: row["last_sequence"]
        for row in snapshot.services[name]["consumed_subjects"]
        if row["topic"] == topic
    }
    for subject in expected.keys() | (rows.keys() if topic not in COMPACTED else set()):
        findings.require(
            rows.get(subject) == expected.get(subject),
            "consumed-sequences",
            f"{name}: {topic} {subject}",
            f"last sequence {rows.get(subject)}, applied up to {expected.get(subject)}",
        )


def _check_parked(name: str, snapshot: Snapshot, findings: Findings) -> None:
    rows = snapshot.services[name]["parked"]
    findings.checked("nothing-parked")
    for row in rows:
        place = f"{name}: {row['topic']}/{row['partition']}@{row['offset']}"
        findings.violated("nothing-parked", place, str(row["reason"]))


def _check_tickets(snapshot: Snapshot, findings: Findings) -> None:
    """Every accepted request that routing has applied is a ticket with its id and number, and no other is."""
    tickets = {str(row["id"]): row["ticket_no"] for row in snapshot.services["routing"]["tickets"]}
    accepted: dict[str, str] = {}
    for record in snapshot.consumed("routing", "intake.requests"):
        if record.known.type == ACCEPTED:
            accepted[record.data["ticket_id"]] = record.data["ticket_no"]
    for ticket, number in accepted.items():
        findings.require(
            tickets.get(ticket) == number,
            "consumed",
            ticket,
            f"was accepted as {number}, the ticket's number is {tickets.get(ticket)}",
        )
    for ticket in tickets.keys() - accepted.keys():
        findings.violated("consumed", ticket, "a ticket without an accepted request")


def _check_known_tickets(snapshot: Snapshot, findings: Findings) -> None:
    known = {str(row["ticket_id"]): row["ticket_no"] for row in snapshot.services["sla"]["tickets"]}
    for record in snapshot.consumed("sla", "routing.tickets"):
        if record.known.type == CREATED:
            ticket, number = record.data["ticket_id"], record.data["ticket_no"]
            findings.require(
                known.get(ticket) == number, "consumed", ticket, f"sla has not kept ticket {number}"
            )


def _check_known_units(snapshot: Snapshot, findings: Findings) -> None:
    known = {row["code"]: row["version"] for row in snapshot.services["sla"]["units"]}
    newest: dict[str, int] = {}
    for record in snapshot.consumed("sla", "reference.units"):
        newest[record.data["code"]] = max(newest.get(record.data["code"], 0), record.data["version"])
    for code, version in newest.items():
        findings.require(
            known.get(code) == version,
            "consumed",
            code,
            f"unit's version {version} was read, kept is {known.get(code)}",
        )


def _check_texts(snapshot: Snapshot, findings: Findings) -> None:
    """Words that were sent on are kept, until their erasure is sent too."""
    known = {str(row["text_id"]) for row in snapshot.services["routing"]["texts"]}
    words = snapshot.events("intake.texts")
    for record in snapshot.consumed("routing", "intake.texts"):
        subject = record.known.subject
        if all(event.value is not None for event in words[subject].values()):
            findings.require(subject in known, "consumed", subject, "routing has not kept these words")


def _check_first_ratings(snapshot: Snapshot, findings: Findings) -> None:
    """Routing keeps of each ticket the rating of round 1, as it was told, and no other."""
    kept = {str(row["ticket_id"]): row for row in snapshot.services["routing"]["first_ratings"]}
    told: dict[str, dict[str, Any]] = {}
    for record in snapshot.consumed("routing", "evaluation.ratings"):
        if record.known.type == RATED and record.data["round"] == 1:
            told.setdefault(record.data["ticket_id"], record.data)
    for ticket, data in told.items():
        row = kept.get(ticket)
        same = row is not None and (str(row["rating_id"]), row["level"], row["redo_requested"]) == (
            data["rating_id"],
            data["level"],
            data["redo_requested"],
        )
        findings.require(same, "consumed", ticket, f"routing has not kept rating {data['rating_id']}")
    for ticket in kept.keys() - told.keys():
        findings.violated("consumed", ticket, "routing has a rating that nobody gave")


def _check_clocks(snapshot: Snapshot, findings: Findings) -> None:
    """Each fact that sla has applied has started the clocks that the policy of its instant asks for."""
    clocks = {
        (str(row["assignment_id"] or row["subject_id"]), row["duty"]): row
        for row in snapshot.services["sla"]["clocks"]
    }
    caused: set[tuple[str, str]] = set()
    known = references(snapshot)
    for topic in ("routing.tickets", "evaluation.ratings"):
        for record in snapshot.consumed("sla", topic):
            for name, start in starts_of(record, known):
                caused.add(name)
                findings.require(
                    _is_that(clocks.get(name), start), "consumed", name[0], f"has no such clock for {name[1]}"
                )
    for owner, duty in clocks.keys() - caused:
        findings.violated("consumed", owner, f"a clock for {duty} that no fact asked for")


def _is_that(clock: Row | None, start: Start) -> bool:
    if clock is None:
        return False
    found = str(clock["subject_id"]), clock["unit"], clock["round"]
    return found == (start.subject_id, start.unit, start.round)
