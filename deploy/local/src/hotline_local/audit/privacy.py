"""``texts-sealed``: no personal data in facts and histories."""

import re
from collections.abc import Iterator

from .findings import Findings
from .snapshot import Snapshot

FACT_TOPICS = frozenset({"intake.requests", "routing.tickets", "sla.clocks"})
_KEYS = re.compile(rb'"(name|phone|subject|description|text|address|requester)"\s*:')
# Eleven digits beginning with 1 that no other digit or hexadecimal letter touches: not inside ids and hashes.
_PHONE = re.compile(rb"(?<![0-9A-Za-z])1\d{10}(?![0-9A-Za-z])")
# Codes that administrators choose may look like anything.
_CODES = re.compile(rb'"(?:unit|code|category|area_code|sub)"\s*:\s*"(?:[^"\\]|\\.)*"')


def check(snapshot: Snapshot, findings: Findings) -> None:
    for place, value in _values(snapshot):
        findings.checked("texts-sealed")
        if found := _KEYS.search(value):
            findings.violated("texts-sealed", place, f"has a field {found[1].decode()}")
        if _PHONE.search(value) and _PHONE.search(_CODES.sub(b"", value)):
            findings.violated("texts-sealed", place, "holds what looks like a phone number")


def _values(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    for record in snapshot.log.records:
        if record.topic in FACT_TOPICS and record.value is not None:
            yield record.place, record.value
    for name, tables in snapshot.services.items():
        for record in tables.outbox:
            if record.topic in FACT_TOPICS and record.value is not None:
                yield f"{name}: {record.place}", record.value
        for row in tables["history"]:
            yield f"{name}: history {row['id']}#{row['seq']}", bytes(row["item"])
