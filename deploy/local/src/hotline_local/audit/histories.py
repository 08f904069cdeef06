"""Hash chains: ``history-chain``, ``history-published`` and ``ticket-state``."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from hotline_contracts.canonical import GENESIS, canonical, chain_hash, instant_text

from .findings import Findings
from .snapshot import Record, Row, Snapshot


@dataclass(frozen=True, slots=True)
class Chain:
    """Where one kind of history lies.

    Attributes:
        aggregates: table whose rows have ``id``, ``version`` and ``last_hash``, the head of the chain.
        identity: name of the aggregate's id in its events' values; the item need not repeat it.
    """

    service: str
    aggregates: str
    topic: str
    identity: str


CHAINS = (
    Chain("intake", "requests", "intake.requests", "request_id"),
    Chain("routing", "tickets", "routing.tickets", "ticket_id"),
    Chain("evaluation", "tickets", "evaluation.ratings", "ticket_id"),
    Chain("knowledge", "entries", "knowledge.entries", "entry_id"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A history row with its stored bytes read; ``told`` is empty where they are no JSON object."""

    row: Row
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.row['id']}#{self.row['seq']}"

    @property
    def data(self) -> Mapping[str, Any]:
        data = self.told.get("data")
        return data if isinstance(data, dict) else {}


Histories: TypeAlias = Mapping[Any, Sequence[Item]]


def check(snapshot: Snapshot, findings: Findings) -> None:
    for chain in CHAINS:
        tables = snapshot.services[chain.service]
        histories = read_histories(tables["history"])
        for row in tables[chain.aggregates]:
            history = histories.get(row["id"], [])
            _check_chain(history, findings)
            _check_head(row, history, findings)
            if chain.service == "routing":
                _check_state(row, history, findings)
        _check_published(chain, histories, snapshot, findings)


def read_histories(rows: Iterable[Row]) -> Histories:
    """History rows, in order, by aggregate."""
    found: dict[Any, list[Item]] = defaultdict(list)
    for row in rows:
        try:
            told = orjson.loads(row["item"])
        except orjson.JSONDecodeError:
            told = {}
        found[row["id"]].append(Item(row, told if isinstance(told, dict) else {}))
    return found


def _check_head(row: Row, history: Sequence[Item], findings: Findings) -> None:
    seq, head = (history[-1].row["seq"], history[-1].row["hash"]) if history else (0, GENESIS)
    findings.require(
        (row["version"], row["last_hash"]) == (seq, head),
        "history-chain",
        row["id"],
        f"version {row['version']} with hash {row['last_hash']}, but its history ends with {seq}, {head}",
    )


def _check_chain(history: Sequence[Item], findings: Findings) -> None:
    previous_hash, last_at = GENESIS, ""
    for expected, item in enumerate(history, start=1):
        findings.checked("history-chain")
        row = item.row
        if row["seq"] != expected:
            findings.violated("history-chain", item.name, f"stands where item {expected} was expected")
            return
        if row["previous_hash"] != previous_hash:
            findings.violated("history-chain", item.name, "does not link to the item before")
        if chain_hash(row["previous_hash"], row["item"]) != row["hash"]:
            findings.violated("history-chain", item.name, "the stored bytes do not have the stored hash")
        if (wrong := _wrong_item(item)) is not None:
            findings.violated("history-chain", item.name, wrong)
        if (at := str(item.told.get("at"))) <= last_at:
            findings.violated("history-chain", item.name, "is not later than the item before")
        previous_hash, last_at = row["hash"], at


def _wrong_item(item: Item) -> str | None:
    """What is wrong with the stored bytes."""
    row = item.row
    try:
        same = canonical(item.told) == bytes(row["item"])
    except ValueError:
        same = False
    if not same:
        return "the stored bytes are not RFC 8785"
    # Some histories keep nothing but the item beside its hash.
    columns = {
        "seq": row["seq"],
        "event_id": row["event_id"] and str(row["event_id"]),
        "type": row["type"],
        "at": row["at"] and instant_text(row["at"]),
    }
    differ = [name for name, value in columns.items() if value is not None and item.told.get(name) != value]
    return f"the stored bytes and the columns differ in {', '.join(differ)}" if differ else None


def _check_published(chain: Chain, histories: Histories, snapshot: Snapshot, findings: Findings) -> None:
    events = snapshot.events(chain.topic)
    known: dict[str, set[int]] = {}
    for aggregate, history in histories.items():
        sequences = events.get(str(aggregate), {})
        known[str(aggregate)] = {item.row["seq"] for item in history}
        for item in history:
            record = sequences.get(item.row["seq"])
            wrong = (
                "its event is neither on the topic nor in the outbox"
                if record is None
                else _wrong_event(chain, item, record)
            )
            findings.require(wrong is None, "history-published", item.name, str(wrong))
    for subject, sequences in events.items():
        for sequence, record in sequences.items():
            if snapshot.settled(record) and sequence not in known.get(subject, ()):
                findings.violated(
                    "history-published", f"{subject}#{sequence}", f"{record.place} has no history row"
                )


def _wrong_event(chain: Chain, item: Item, record: Record) -> str | None:
    envelope = record.known
    if record.data.get("hash") != item.row["hash"]:
        return f"{record.place} carries another hash"
    header = {"event_id": str(envelope.event_id), "type": envelope.type, "at": instant_text(envelope.at)}
    differ = [name for name, value in header.items() if item.told.get(name) != value]
    if differ:
        return f"{record.place} differs in {', '.join(differ)}"
    told = {name: value for name, value in record.data.items() if name not in {"hash", chain.identity}}
    kept = {name: value for name, value in item.data.items() if name != chain.identity}
    return None if kept == told else f"{record.place} says something else than the history"


_STATE_AFTER = {
    "routing.ticket.created.v1": "dispatch_pending",
    "routing.ticket.dispatched.v1": "sign_pending",
    "routing.ticket.replied.v1": "reply_review",
    "routing.ticket.reply_approved.v1": "follow_up",
    "routing.ticket.reply_rejected.v1": "handling",
    "routing.ticket.redo_ordered.v1": "handling",
    "routing.ticket.closed.v1": "closed",
}
_LEAVES_STATE = frozenset({"routing.ticket.interim_feedback_given.v1", "routing.ticket.redo_refused.v1"})
_SIGNED = "routing.ticket.signed.v1"


def _check_state(row: Row, history: Sequence[Item], findings: Findings) -> None:
    """A ticket's state is what its history makes of it, where every kind of item is known here."""
    state = _derived_state(history)
    if state is not None:
        findings.require(
            row["state"] == state, "ticket-state", row["id"], f"is {row['state']}, its history says {state}"
        )


def _derived_state(history: Sequence[Item]) -> str | None:
    state: str | None = None
    lead: str | None = None
    for item in history:
        kind = item.told.get("type")
        for given in item.data.get("assignments", ()):
            lead = given.get("assignment_id") if given.get("role") == "lead" else lead
        if kind == _SIGNED:
            state = "handling" if item.data.get("assignment_id") == lead else state
        elif kind in _STATE_AFTER:
            state = _STATE_AFTER[kind]
        elif kind not in _LEAVES_STATE:
            return None
    return state
