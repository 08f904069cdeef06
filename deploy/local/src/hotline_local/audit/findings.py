"""What an audit found."""

from collections import Counter
from typing import Any

INVARIANTS = (
    "one-instance",
    "records-readable",
    "log-contiguous",
    "topic-sequence",
    "outbox",
    "history-chain",
    "history-published",
    "ticket-state",
    "requests-numbered",
    "references-published",
    "texts-published",
    "clocks-published",
    "cards-published",
    "positions",
    "consumed-sequences",
    "consumed",
    "nothing-parked",
    "deadlines",
    "clocks",
    "cards",
    "cards-on-time",
    "follow-ups",
    "ratings",
    "measured-clocks",
    "city-totals",
    "texts-sealed",
)
"""Every invariant by name, in the order of the report; docs/operations/audit.md explains each."""


class Findings:
    """Counts what was checked, and keeps what is violated."""

    def __init__(self) -> None:
        self._checked: Counter[str] = Counter(dict.fromkeys(INVARIANTS, 0))
        self._violations: list[dict[str, str]] = []

    def checked(self, invariant: str, n: int = 1) -> None:
        """Count ``n`` more things that an invariant was held against."""
        self._checked[_known(invariant)] += n

    def violated(self, invariant: str, subject: object, detail: str) -> None:
        self._violations.append({"invariant": _known(invariant), "subject": str(subject), "detail": detail})

    def require(self, holds: object, invariant: str, subject: object, detail: str) -> None:
        """Count one check; what does not hold is a violation."""
        self._checked[_known(invariant)] += 1
        if not holds:
            self.violated(invariant, subject, detail)

    def report(self) -> dict[str, Any]:
        order = {name: place for place, name in enumerate(INVARIANTS)}
        return {
            "clean": not self._violations,
            "checked": {name: self._checked[name] for name in INVARIANTS},
            "violations": sorted(self._violations, key=lambda found: order[found["invariant"]]),
        }


def _known(invariant: str) -> str:
    if invariant not in INVARIANTS:
        raise KeyError(invariant)
    return invariant
