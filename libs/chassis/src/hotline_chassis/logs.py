"""Logs as JSON lines, without personal data: known fields are masked, and so are phone numbers in texts."""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from hotline_chassis.clocks import RealTime, SystemClock
from hotline_chassis.tracing import current_trace
from hotline_contracts.canonical import instant_text

MASK = "***"
PERSONAL = frozenset(
    {
        "address",
        "answer",
        "authorization",
        "body",
        "caller",
        "content",
        "description",
        "email",
        "id_card",
        "idcard",
        "location",
        "mobile",
        "name",
        "note",
        "password",
        "phone",
        "reply",
        "requester",
        "secret",
        "subject",
        "text",
        "token",
    }
)
"""Names of fields that hold, or may hold, what a person said or is."""
# Identity numbers (18 digits, the last may be X), mobile numbers (11 digits), land lines with and without
# a dash; the last group of a UUID is none.
_NUMBERS = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[0-9]{17}[0-9Xx]|1[0-9]{10}|0[0-9]{2,3}-[0-9]{7,8}|(?<![0-9A-Fa-f]-)0[0-9]{9,11})"
    r"(?![0-9A-Za-z])"
)

_HARMLESS = frozenset({int, float, bool, type(None)})


def without_personal_data(_: WrappedLogger, __: str, event: EventDict) -> MutableMapping[str, Any]:
    """A structlog processor: mask personal fields at any depth, and numbers in all texts."""
    return {key: MASK if key in PERSONAL else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _NUMBERS.sub(MASK, value)
    if kind in _HARMLESS:
        return value
    if isinstance(value, Mapping):
        return {str(key): MASK if key in PERSONAL else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner) for inner in value]
    return _NUMBERS.sub(MASK, str(value))


def configure_logging(
    system_clock: SystemClock, *, service: str, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send structlog and the standard library's loggers to ``stream`` (default: standard error) as JSON."""
    out = stream or sys.stderr

    def stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["at"] = instant_text(system_clock.now())
        event["service"] = service
        trace = current_trace()
        if trace is not None:
            event["trace_id"] = trace.trace_id
        return event

    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.contextvars.merge_contextvars,
        _safe_error,
    ]
    after: list[Processor] = [
        without_personal_data,
        stamp,
        structlog.processors.JSONRenderer(serializer=_line),
    ]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))


def log_to_file(
    path: Path,
    system_clock: SystemClock | None = None,
    *,
    service: str = "hotline",
    level: int = logging.INFO,
) -> TextIO:
    """Append JSON lines to ``path`` (mode 0600), for the whole process; returns the open file."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", buffering=1)
    configure_logging(system_clock or RealTime(), service=service, level=level, stream=file)
    return file


def _safe_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of an exception keep its type: its message may quote the data it failed on."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
    return event


def _line(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
