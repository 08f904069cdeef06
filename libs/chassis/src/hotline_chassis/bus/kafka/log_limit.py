"""aiokafka tells of an outage with hundreds of lines in seconds; a few of each kind are enough."""

import logging

from hotline_chassis.clocks import SystemClock

LINES = 3
EVERY_S = 10.0


class _Limit(logging.Filter):
    """Lets ``LINES`` of each logger and message template pass in ``EVERY_S`` seconds, and counts the others."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg))
        now = self._clock.monotonic()
        since, count = self._seen.get(key, (now, 0))
        if now - since >= EVERY_S:
            if count > LINES:
                record.msg = f"{record.msg} (and {count - LINES} more like this before)"
            since, count = now, 0
        self._seen[key] = (since, count + 1)
        return count < LINES


def limit_client_logs(clock: SystemClock) -> None:
    """Put the limit on all of aiokafka's loggers, once for a process."""
    for name in [n for n in logging.root.manager.loggerDict if n.split(".")[0] == "aiokafka"]:
        logger = logging.getLogger(name)
        if not any(isinstance(found, _Limit) for found in logger.filters):
            logger.addFilter(_Limit(clock))
