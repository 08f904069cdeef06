"""The trace a piece of work belongs to (W3C Trace Context), for logs and outgoing events."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


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
    trace_id = found[1].decode() if found and found[1] != b"0" * 32 else chance[16:]
    trace = Trace(trace_id, chance[:16])
    _current.set(trace)
    return trace
