"""Which topics drive which clocks."""

from collections.abc import Mapping
from itertools import groupby

from hotline_contracts.values import Duty

STOPPED_BY: Mapping[Duty, tuple[str, ...]] = {
    "sign": ("routing.tickets",),
    "handle": ("routing.tickets",),
    "redo": ("routing.tickets",),
    "interim_feedback": ("routing.tickets",),
    "return_window": ("routing.tickets",),
    "follow_up": ("evaluation.ratings",),
}
"""Topics whose facts can stop a duty or use a window: time passes for it only as far as all of them are
known to be applied here. A duty that is not here has no clock."""

_TOPICS = {topic for topics in STOPPED_BY.values() for topic in topics}

PASSED_BY: Mapping[str, frozenset[Duty]] = {
    topic: frozenset(duty for duty, topics in STOPPED_BY.items() if topics == (topic,)) for topic in _TOPICS
}
"""The duties for which a topic's own facts say that time has passed: the topic alone can stop them.

Of any other duty a stop may lie in a topic that is still unread; only the watermarks of all its topics tell.
"""

HELD_WITH: Mapping[str, frozenset[Duty]] = {
    topic: frozenset(duty for duty, topics in STOPPED_BY.items() if topic in topics) for topic in _TOPICS
}
"""The duties whose stop may be among a topic's parked facts."""


def duties_by_topics() -> list[tuple[tuple[str, ...], list[Duty]]]:
    """The duties of ``STOPPED_BY``, those with the same topics together."""
    rows = sorted(STOPPED_BY.items(), key=lambda row: row[1])
    return [(topics, [duty for duty, _ in same]) for topics, same in groupby(rows, key=lambda row: row[1])]
