"""``cards`` and ``cards-on-time``: which cards must exist, computed again from each clock's life."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .findings import Findings
from .lives import DRIVEN_BY, WINDOWS, Life, read_lives
from .snapshot import Row, Snapshot, instant

_WITHDRAWN = "sla.card.withdrawn.v1"


@dataclass
class _Expected:
    """Cards in the order in which they must have been issued: colour, card before, instant, deadline."""

    warn_at: datetime | None
    due_at: datetime
    cards: list[tuple[str, str | None, datetime, datetime]] = field(default_factory=list)
    colour: str | None = None

    def show(self, colour: str, at: datetime) -> None:
        self.cards.append((colour, self.colour, at, self.due_at))
        self.colour = colour

    def begin(self, at: datetime) -> None:
        """Yellow if the warning is not after the start, else green."""
        self._show_other("yellow" if self.warn_at is not None and self.warn_at <= at else "green", at)

    def run_until(self, end: datetime | None) -> None:
        """Let time pass; an end at exactly ``warn_at`` or ``due_at`` prevents the card. None: for ever."""
        if (
            self.colour == "green"
            and self.warn_at is not None
            and self.warn_at < self.due_at
            and (end is None or self.warn_at < end)
        ):
            self.show("yellow", self.warn_at)
        if self.colour != "red" and (end is None or self.due_at < end):
            self.show("red", self.due_at)

    def run_again(self, at: datetime, warn_at: datetime | None, due_at: datetime) -> None:
        """After a rejected reply a red stands; else the card follows the deadline."""
        self.warn_at, self.due_at = warn_at, due_at
        if self.colour == "red":
            return
        if due_at < at:
            self.show("red", due_at)
        else:
            self.begin(at)

    def _show_other(self, colour: str, at: datetime) -> None:
        if colour != self.colour:
            self.show(colour, at)


def check(snapshot: Snapshot, findings: Findings) -> None:
    rows: dict[Any, list[Row]] = defaultdict(list)
    for row in snapshot.services["sla"]["cards"]:
        rows[row["clock_id"]].append(row)
    lives = {life.row["clock_id"]: life for life in read_lives(snapshot)}
    for clock_id, life in lives.items():
        if not life.derivable:
            continue  # clocks-published says what is missing
        passed = snapshot.log.watermarks.get(DRIVEN_BY[life.row["duty"]])
        wrong = _wrong_cards(life, rows[clock_id], passed)
        findings.require(wrong is None, "cards", life.name, str(wrong))
    for clock_id in rows.keys() - lives.keys():
        findings.violated("cards", clock_id, f"{len(rows[clock_id])} cards of a clock that is not there")
    _check_withdrawn(snapshot, findings)
    _check_timer(snapshot, findings)


def _wrong_cards(life: Life, rows: Sequence[Row], passed: datetime | None) -> str | None:
    found = [(row["card"], row["was"], row["at"], row["due_at"]) for row in rows]
    if life.row["duty"] in WINDOWS:
        return f"a window shows {_text(found)}" if found else None
    expected, runs = _expected(life)
    if runs:
        # Still running: those that time has brought, and the timer is armed for the next one.
        following = expected[len(found) :]
        armed = life.row["next_transition_at"]
        if found == expected[: len(found)] and armed != (following[0][2] if following else None):
            return f"waits for {armed}, after {_text(found)} follows {_text(following[:1])}"
        expected = expected[: max(len(found), 1)]
    if found != expected:
        return f"shows {_text(found)} instead of {_text(expected)}"
    newest = max([at for at in (passed, *(fact.at for fact in life.facts)) if at is not None], default=None)
    for row in rows:
        early = row["was"] is not None and (newest is None or row["at"] >= newest)
        if early and row["at"] not in {act.at for act in life.acts}:
            return f"{row['card']} of {row['at']} although nothing says that this instant has passed"
    return None


def _expected(life: Life) -> tuple[list[tuple[str, str | None, datetime, datetime]], bool]:
    """The cards of a whole life, for ever if it still runs; and whether it does."""
    started_at, due_at = instant(life.start["started_at"]), instant(life.start["due_at"])
    if started_at is None or due_at is None:
        return [], False
    shown = _Expected(instant(life.start["warn_at"]), due_at)
    shown.begin(started_at)
    for act in life.acts:
        if act.kind == "reopened" and act.due_at is not None:
            shown.run_again(act.at, act.warn_at, act.due_at)
        else:
            shown.run_until(act.at)
    runs = life.row["state"] == "running"
    if runs:
        shown.run_until(None)
    return shown.cards, runs


def _check_withdrawn(snapshot: Snapshot, findings: Findings) -> None:
    """A card stands until a fact withdraws it."""
    withdrawn = {
        record.data.get("card_id")
        for sequences in snapshot.events("sla.clocks").values()
        for record in sequences.values()
        if record.known.type == _WITHDRAWN
    }
    for row in snapshot.services["sla"]["cards"]:
        if not row["standing"] and str(row["card_id"]) not in withdrawn:
            findings.violated("cards", row["card_id"], "does not stand, but no fact withdrew it")


def _check_timer(snapshot: Snapshot, findings: Findings) -> None:
    """No running clock is left behind; a service that lags with consuming has an excuse."""
    findings.checked("cards-on-time", len(snapshot.services["sla"]["clocks"]))
    lagging = set() if snapshot.virtual_now is not None else _lagging(snapshot)
    for row in snapshot.due_clocks:
        if DRIVEN_BY[row["duty"]] in lagging:
            continue
        findings.violated(
            "cards-on-time", row["clock_id"], f"{row['duty']} waits since {row['next_transition_at']}"
        )


def _lagging(snapshot: Snapshot) -> set[str]:
    """Topics of which sla has not read all that was there when the audit began."""
    read = {
        (row["topic"], row["partition"]): row["next_offset"]
        for row in snapshot.services["sla"]["positions"]
        if row["incarnation"] == snapshot.log.incarnations.get(row["topic"])
    }
    return {
        partition[0] for partition, end in snapshot.log.ends_before.items() if read.get(partition, 0) < end
    }


def _text(cards: Sequence[tuple[str, str | None, datetime, datetime]]) -> str:
    return ", ".join(f"{colour} at {at.isoformat()}" for colour, _, at, _ in cards) or "no card"
