"""What follows an approved reply: calls to the requester, the rating, a redo, the end."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from hotline_contracts.values import Determination, RatingLevel
from hotline_local.city.office import in_office, minutes, some_time_on
from hotline_local.city.profiles import Profile
from hotline_local.city.texts import note, reply_text
from hotline_local.city.workdays import day_of, working_day_after

if TYPE_CHECKING:
    import random

    from hotline_local.city.lives import Story

PLEASED: tuple[tuple[RatingLevel, int], ...] = (
    ("very_satisfied", 45), ("satisfied", 40), ("basically_satisfied", 15),
)  # fmt: skip
DISPLEASED: tuple[tuple[RatingLevel, int], ...] = (("dissatisfied", 70), ("very_dissatisfied", 30))
CALLS = (("rated", 82), ("unreachable", 11), ("refused", 4), ("wrong_number", 3))
LATE_CALL, FIRST_MISSED = 0.03, 0.06
ASKS_REDO, GRANTED, BETTER = 0.6, 0.6, 0.75
SOLVED_IF_PLEASED, SOLVED_IF_NOT = 0.96, 0.25
FINISHED: tuple[Determination, ...] = ("solved", "answered")


class Aftermath:
    """From the approval of the reply on."""

    def __init__(
        self, story: "Story", lead: str, profile: Profile, *, consultation: bool, grave: bool, reachable: bool
    ) -> None:
        self._story = story
        self._rng: random.Random = story.rng
        self._lead = lead
        self._profile = profile
        self._redo_limit = 1 if consultation else 5 if grave else 2
        self._reachable = reachable

    def tell(self, approved: datetime, determination: Determination, chance: float) -> None:
        """Tell it to its end; ``chance`` is of the requester being satisfied."""
        if not self._reachable:
            self._close(approved)
            return
        ended, asks = self._follow_up(approved, determination, chance, first=True)
        if not asks:
            self._close(ended)
            return
        decided = in_office(self._rng, ended + minutes(self._rng, 20, 300))
        if self._rng.random() >= GRANTED:
            self._story.tell(decided, "redo/refuse", {"note": note(self._rng, "redo_refused")})
            self._close(decided)
            return
        self._story.tell(decided, "redo", {"note": note(self._rng, "redo")})
        ended, _ = self._follow_up(self._again(decided), "solved", BETTER, first=False)
        self._close(ended)

    def _again(self, ordered: datetime) -> datetime:
        """The second handling; returns its approval."""
        rng = self._rng
        late = rng.random() < self._profile.late_reply
        day = working_day_after(
            day_of(ordered), self._redo_limit + 1 if late else rng.randint(1, self._redo_limit)
        )
        replied = some_time_on(rng, day)
        body = {"determination": "solved", "text": reply_text(rng, "solved")}
        self._story.tell(replied, "reply", body, unit=self._lead)
        approved = in_office(rng, replied + minutes(rng, 15, 200))
        self._story.tell(approved, "reply/approve")
        return approved

    def _follow_up(
        self, since: datetime, determination: Determination, chance: float, *, first: bool
    ) -> tuple[datetime, bool]:
        """Call until somebody answers or the calls are used up; returns its end, and whether a redo is asked."""
        rng = self._rng
        if rng.random() < LATE_CALL:
            at = some_time_on(rng, working_day_after(day_of(since), 4))
        else:
            at = in_office(rng, since + minutes(rng, 40, 1700))
        outcome = rng.choices([name for name, _ in CALLS], [weight for _, weight in CALLS])[0]
        if outcome == "unreachable":
            return self._in_vain(at), False
        if outcome != "rated":
            self._story.tell(at, "attempt", {"outcome": outcome})
            return at, False
        if rng.random() < FIRST_MISSED:
            self._story.tell(at, "attempt", {"outcome": rng.choice(("unreachable", "call_later"))})
            at = in_office(rng, at + minutes(rng, 60, 300))
        return at, self._rate(at, determination, chance, first=first)

    def _in_vain(self, at: datetime) -> datetime:
        """Three calls on two days."""
        for place in range(3):
            if place:
                later = minutes(self._rng, 60, 200)
                next_day = working_day_after(day_of(at), 1)
                at = some_time_on(self._rng, next_day) if place == 2 else in_office(self._rng, at + later)  # noqa: PLR2004 - the last one
            self._story.tell(at, "attempt", {"outcome": "unreachable"})
        return at

    def _rate(self, at: datetime, determination: Determination, chance: float, *, first: bool) -> bool:
        rng = self._rng
        pleased = rng.random() < chance
        choice = PLEASED if pleased else DISPLEASED
        level = rng.choices([name for name, _ in choice], [weight for _, weight in choice])[0]
        likely = SOLVED_IF_PLEASED if pleased else SOLVED_IF_NOT
        solved = rng.random() < (likely if determination in FINISHED else likely / 3)
        asks = first and not pleased and rng.random() < ASKS_REDO
        body: dict[str, Any] = {"level": level, "solved": solved, "redo_requested": asks, "via": "phone"}
        self._story.tell(at, "rate", body)
        return asks

    def _close(self, after: datetime) -> None:
        self._story.tell(in_office(self._rng, after + minutes(self._rng, 5, 90)), "close")
