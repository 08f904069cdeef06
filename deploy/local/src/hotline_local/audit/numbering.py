"""``one-instance`` and ``requests-numbered``."""

import re

from .findings import Findings
from .snapshot import Snapshot

ACCEPTED = "intake.request.accepted.v1"
_TICKET_NO = re.compile(r"\d{8}-\d{6}")


def check(snapshot: Snapshot, findings: Findings) -> None:
    """One bus belongs to one data directory; every accepted request has a ticket's id and unique number."""
    findings.require(
        snapshot.instance_id is not None and snapshot.instance_id == snapshot.bus_instance_id,
        "one-instance",
        snapshot.instance_id,
        f"the bus belongs to instance {snapshot.bus_instance_id}",
    )
    _check_requests(snapshot, findings)
    _check_events(snapshot, findings)


def _check_requests(snapshot: Snapshot, findings: Findings) -> None:
    seen: dict[str, object] = {}
    for row in snapshot.services["intake"]["requests"]:
        if row["outcome"] != "accepted":
            continue
        number = row["ticket_no"]
        findings.require(
            row["ticket_id"] is not None and number is not None and _TICKET_NO.fullmatch(number),
            "requests-numbered",
            row["id"],
            f"accepted, but its ticket is {row['ticket_id']} with number {number}",
        )
        if number is not None and seen.setdefault(number, row["id"]) != row["id"]:
            findings.violated(
                "requests-numbered", row["id"], f"number {number} is also that of request {seen[number]}"
            )


def _check_events(snapshot: Snapshot, findings: Findings) -> None:
    seen: dict[str, object] = {}
    for subject, sequences in snapshot.events("intake.requests").items():
        for record in sequences.values():
            if record.known.type != ACCEPTED:
                continue
            number, ticket = record.data.get("ticket_no"), record.data.get("ticket_id")
            findings.require(
                ticket and number and seen.setdefault(number, ticket) == ticket,
                "requests-numbered",
                subject,
                f"accepted as ticket {ticket} with number {number}, which is that of {seen.get(str(number))}",
            )
