"""The trace a piece of work belongs to (W3C Trace Context), for logs and outgoing events."""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

from hotline_contracts.events.base import Envelope

_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """One span of a trace: hex ids as in a ``traceparent`` header."""

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """The trace of the running task, or None outside any."""
    return _current.get()


def enter_trace(received: bytes | None) -> Trace:
    """Begin a span for this task: of the caller's trace if ``received`` is a valid traceparent."""
    found = _TRACEPARENT.fullmatch(received) if received else None
    chance = secrets.token_hex(24)
    trace_id = found[1].decode() if found else chance[16:]
    trace = Trace(trace_id, chance[:16])
    _current.set(trace)
    return trace


def traces_by_key(envelopes: Iterable[Envelope]) -> dict[str, str]:
    """For each key of consumed facts the one traceparent that all of them carry, passed on as it is.

    Facts of one key that belong to different traces, or some to none, have none: which of them caused what
    follows is not known here, and a wrong trace is worse than no trace.
    """
    found: dict[str, str | None] = {}
    for envelope in envelopes:
        if found.setdefault(envelope.key, envelope.traceparent) != envelope.traceparent:
            found[envelope.key] = None
    return {key: given for key, given in found.items() if given and _is_traceparent(given)}


def _is_traceparent(text: str) -> bool:
    """What stands on a record is somebody else's word: it must not keep what follows from travelling."""
    return text.isascii() and _TRACEPARENT.fullmatch(text.encode()) is not None
