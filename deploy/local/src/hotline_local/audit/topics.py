"""The log and the outboxes as such: ``records-readable``, ``log-contiguous``, ``topic-sequence``, ``outbox``."""

from collections.abc import Iterator
from typing import TypeAlias

from hotline_contracts.events.registry import COMPACTED

from .findings import Findings
from .layout import SERVICES, WRITERS
from .snapshot import Record, ServiceTables, Snapshot, TopicPartition

_Firsts: TypeAlias = dict[tuple[str, str], dict[int, Record]]
"""First occurrences on the topics, by topic and subject, then sequence."""


def check(snapshot: Snapshot, findings: Findings) -> None:
    for record in _ours(snapshot):
        findings.require(record.broken is None, "records-readable", record.place, str(record.broken))
    _check_offsets(snapshot, findings)
    firsts = _check_sequences(snapshot, findings)
    for name, tables in snapshot.services.items():
        _check_outbox(name, tables, firsts, findings)


def _ours(snapshot: Snapshot) -> Iterator[Record]:
    """Records of topics that a service writes: dead-letter topics hold what is broken by intent."""
    return (record for record in snapshot.log.records if record.topic in WRITERS)


def _check_offsets(snapshot: Snapshot, findings: Findings) -> None:
    """Each partition counts 0, 1, 2… up to its end; where the bus compacts, numbers may be missing before it."""
    next_offsets: dict[TopicPartition, int] = {}
    for record in snapshot.log.records:
        partition = (record.topic, record.partition or 0)
        expected = next_offsets.get(partition, 0)
        next_offsets[partition] = record.offset + 1
        findings.require(
            record.offset == expected
            or (record.topic in snapshot.log.compacted and record.offset > expected),
            "log-contiguous",
            f"{partition[0]}/{partition[1]}",
            f"offset {record.offset} stands where {expected} was expected",
        )
    for partition, end in snapshot.log.ends.items():
        found = next_offsets.get(partition, 0)
        findings.require(
            found == end,
            "log-contiguous",
            f"{partition[0]}/{partition[1]}",
            f"the partition ends at {end}, its records at {found}",
        )


def _check_sequences(snapshot: Snapshot, findings: Findings) -> _Firsts:
    """First occurrences count 1, 2, 3… for each subject; what comes again is the same to the byte."""
    firsts: _Firsts = {}
    ids: dict[object, Record] = {}
    for record in _ours(snapshot):
        envelope = record.envelope
        if envelope is None:
            continue
        findings.checked("topic-sequence")
        sequences = firsts.setdefault((record.topic, envelope.subject), {})
        before = max(sequences, default=0)
        first = sequences.setdefault(envelope.sequence, record)
        if envelope.sequence > before + 1 and record.topic not in COMPACTED:
            findings.violated(
                "topic-sequence",
                envelope.subject,
                f"{record.place}: sequence {envelope.sequence} follows {before}",
            )
        if first is not record and not first.same_bytes(record):
            findings.violated(
                "topic-sequence",
                envelope.subject,
                f"{record.place} repeats sequence {envelope.sequence} of {first.place} with other bytes",
            )
        elif first.partition != record.partition or ids.setdefault(envelope.event_id, first) is not first:
            findings.violated(
                "topic-sequence",
                envelope.subject,
                f"{record.place}: event {envelope.event_id} stands elsewhere too",
            )
    return firsts


def _check_outbox(name: str, tables: ServiceTables, firsts: _Firsts, findings: Findings) -> None:
    """Rows are readable, of our own topics, each event once, and continue what is on the topic."""
    ids: set[object] = set()
    for record, event_id in zip(tables.outbox, tables.outbox_event_ids, strict=True):
        findings.checked("outbox")
        wrong = None
        if event_id in ids:
            wrong = f"event {event_id} stands here twice"
        elif record.topic.endswith(".dlq"):
            pass
        elif record.topic not in SERVICES[name].publishes:
            wrong = f"{record.topic} is not ours to publish"
        elif record.envelope is None or record.broken is not None:
            wrong = record.broken
        elif record.envelope.event_id != event_id:
            wrong = f"the row says event {event_id}, its headers {record.envelope.event_id}"
        else:
            wrong = _wrong_place(record, firsts)
        ids.add(event_id)
        if wrong is not None:
            findings.violated("outbox", f"{name}/{record.offset}", wrong)


def _wrong_place(record: Record, firsts: _Firsts) -> str | None:
    """What is on the topic already is the same there; the rest follows it without a gap, in order."""
    envelope = record.known
    sequences = firsts.setdefault((record.topic, envelope.subject), {})
    first = sequences.get(envelope.sequence)
    if first is not None:
        return None if first.same_bytes(record) else f"sequence {envelope.sequence} is {first.place} too"
    before = max(sequences, default=0)
    sequences[envelope.sequence] = record
    if envelope.sequence != before + 1 and record.topic not in COMPACTED:
        return f"sequence {envelope.sequence} of {envelope.subject} follows {before}"
    return None
