"""``clocks``: every clock ended, or runs, as the facts of its ticket say, and its row as its events do."""

from datetime import datetime

from .findings import Findings
from .lives import WINDOWS, Life, read_lives
from .snapshot import Snapshot


def check(snapshot: Snapshot, findings: Findings) -> None:
    for life in read_lives(snapshot):
        if not life.derivable:
            continue  # clocks-published says what is missing
        wrong = _wrong_acts(life) or _wrong_row(life)
        findings.require(wrong is None, "clocks", life.name, str(wrong))


def _wrong_acts(life: Life) -> str | None:
    told = [(act.kind, act.at) for act in life.acts]
    asked = life.asked_for()
    if life.row["duty"] in WINDOWS:
        asked = _window(life, asked)
    return None if told == asked else f"its events say {_text(told)}, the ticket's facts {_text(asked)}"


def _window(life: Life, asked: list[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    """A window lapses by itself at its end, if nothing ended it up to then."""
    due_at = life.row["due_at"]
    if asked and asked[0][1] <= due_at:
        return asked[:1]
    armed = life.row["state"] == "open" and (life.row["next_transition_at"] == due_at or life.row["held"])
    return [] if armed and not asked else [("lapsed", due_at)]


def _wrong_row(life: Life) -> str | None:
    row = life.row
    last = life.acts[-1] if life.acts else None
    ended = last is not None and last.kind != "reopened"
    expected = {
        "state": _state(life, last.kind if last is not None and ended else None),
        "stopped_at": last.at if last is not None and ended else None,
        "card": life.cards[-1].data["card"] if life.cards else None,
    }
    differ = [
        f"{name} {row[name]} instead of {value}" for name, value in expected.items() if row[name] != value
    ]
    return f"its row has {', '.join(differ)}" if differ else None


def _state(life: Life, ended_by: str | None) -> str:
    """Late is what was met with a red card standing."""
    if ended_by is None:
        return "open" if life.row["duty"] in WINDOWS else "running"
    if ended_by != "met":
        return ended_by
    return "late" if any(card.data["card"] == "red" for card in life.cards) else "met"


def _text(acts: list[tuple[str, datetime]]) -> str:
    return ", ".join(f"{kind} at {at.isoformat()}" for kind, at in acts) or "nothing"
