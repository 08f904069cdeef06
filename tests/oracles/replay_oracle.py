"""What the replay must find, worked out alone: the standard library and chinese_calendar, nothing of the project.

For each message the `handle` duty runs from `created_at` (dispatched at that instant) to `replied_at` (the reply that is
approved). Run it to write the fixture anew:

    .venv/bin/python tests/oracles/replay_oracle.py ../shared/data/messages_with_replies.csv tests/fixtures/replay_expected.json
"""

import csv
import json
import sys
from collections import Counter
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import chinese_calendar

SHANGHAI = timezone(timedelta(hours=8))
LIMITS = {"consultation": 2, "help": 5, "suggestion": 5, "complaint": 10, "report": 10}
WORDS = (
    ("report", ("举报",)),
    ("complaint", ("投诉",)),
    ("suggestion", ("建议",)),
    ("consultation", ("咨询", "请问", "吗", "？", "?")),
)
FIGURES = ("tickets", "on_time", "late", "yellow", "red")


def type_of(subject: str) -> str:
    for kind, words in WORDS:
        if any(word in subject for word in words):
            return kind
    return "help"


def due_of(start: datetime, working_days: int) -> datetime:
    day = start.astimezone(SHANGHAI).date()
    left = working_days
    while left > 0:
        day += timedelta(days=1)
        if chinese_calendar.is_workday(day):
            left -= 1
    return datetime.combine(day, time(17), SHANGHAI)


def warning_of(due: datetime, kind: str) -> datetime:
    if kind == "consultation":
        return due - timedelta(hours=8)
    day = due.date() - timedelta(days=1)
    while not chinese_calendar.is_workday(day):
        day -= timedelta(days=1)
    return datetime.combine(day, due.timetz())


def figures_of(kind: str, started_at: datetime, replied_at: datetime) -> Counter[str]:
    due = due_of(started_at, LIMITS[kind])
    warn = warning_of(due, kind)
    late = replied_at > due
    # A duty met at the very instant prevents the card; a warning not after the start is yellow from the start.
    yellow = replied_at > warn or warn <= started_at
    return Counter(tickets=1, on_time=not late, late=late, yellow=yellow, red=late)


def expected(path: Path) -> dict[str, object]:
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in sorted(LIMITS)}
    rows = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows += 1
            kind = type_of(row["subject"])
            started_at = datetime.fromisoformat(row["created_at"])
            counts[kind].update(figures_of(kind, started_at, datetime.fromisoformat(row["replied_at"])))
    types = {kind: {name: counted[name] for name in FIGURES} for kind, counted in counts.items()}
    total = {name: sum(found[name] for found in types.values()) for name in FIGURES}
    return {"rows": rows, "types": types, "total": total}


if __name__ == "__main__":
    found = json.dumps(expected(Path(sys.argv[1])), indent=2)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(found + "\n", encoding="utf-8")
    print(found)
