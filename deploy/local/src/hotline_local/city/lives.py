"""What becomes of each request: screening, dispatch, the units' handling, and the end of it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hotline_contracts.values import Determination, TicketType
from hotline_local.city.aftermath import Aftermath
from hotline_local.city.arrivals import Arrival
from hotline_local.city.chance import seeded
from hotline_local.city.office import in_office, minutes, on_desk, some_time_on
from hotline_local.city.plan import Act, Doing, Life
from hotline_local.city.profiles import PROFILES, Profile
from hotline_local.city.registry import the_city
from hotline_local.city.texts import note, reply_text
from hotline_local.city.workdays import SHANGHAI, day_of, working_day_after

LIMITS: Mapping[TicketType, int] = {
    "consultation": 2, "help": 5, "opinion": 5, "suggestion": 5, "complaint": 10, "report": 10, "praise": 3,
}  # fmt: skip
"""Working days within which people mean to answer; praise has no limit, only a habit."""
DETERMINATIONS: tuple[tuple[Determination, int], ...] = (
    ("solved", 78),
    ("explained_not_feasible", 12),
    ("in_statutory_channel", 4),
    ("phased_with_plan", 4),
    ("unreachable", 2),
)
GROUP_SUPPORT = 0.02
FEELS_LATE = 0.2
HARD_TIMES = 0.1
"""Chance that an interim opinion is late, whoever owes it."""
TODAY = 15
"""Before this hour a quick answer still comes on the same day."""


@dataclass
class Story:
    """A life as it is told, up to the end of the plan."""

    rng: random.Random
    ends: datetime
    acts: list[Act] = field(default_factory=list)

    def tell(
        self,
        at: datetime,
        do: Doing,
        body: dict[str, Any] | None = None,
        *,
        unit: str | None = None,
        of: str | None = None,
    ) -> None:
        """Add an act; what lies after the end never happens."""
        if at < self.ends:
            self.acts.append(Act(at=at.astimezone(SHANGHAI), do=do, unit=unit, body=body or {}, of=of))


def life_of(arrival: Arrival, seed: int, profiles: Mapping[str, str], ends: datetime) -> Life:
    """Everything that becomes of one request; depends on nothing but these."""
    rng = seeded(seed, arrival.ref)
    story = Story(rng, ends)
    supports = arrival.supports
    if arrival.lead is None:
        story.tell(arrival.at + minutes(rng, 1, 6), "decline", {"reason": arrival.reason}, of=arrival.of)
    else:
        if not supports and arrival.emergent is None and rng.random() < GROUP_SUPPORT:
            supports = (_somebody_else(rng, arrival.lead),)
        _Handling(story, arrival, supports, profiles).tell()
    return Life(
        ref=arrival.ref,
        at=arrival.at.astimezone(SHANGHAI),
        body={**arrival.body, "decision": "hold" if arrival.held else None},
        event=arrival.event,
        lead=arrival.lead,
        supports=supports,
        emergent=arrival.emergent,
        acts=tuple(sorted(story.acts, key=lambda act: act.at)),
    )


def _somebody_else(rng: random.Random, lead: str) -> str:
    group = the_city().units[lead].group
    return rng.choice([unit.code for unit in the_city().units.values() if unit.group != group])


class _Handling:
    """A ticket in the hands of its units."""

    def __init__(
        self, story: Story, arrival: Arrival, supports: tuple[str, ...], profiles: Mapping[str, str]
    ) -> None:
        self._story = story
        self._rng = story.rng
        self._arrival = arrival
        self._supports = supports
        self._lead = arrival.lead or ""
        self._profiles = {code: PROFILES[profiles[code]] for code in (self._lead, *supports)}
        self._limit = LIMITS[arrival.body["type"]]

    @property
    def _own(self) -> Profile:
        return self._profiles[self._lead]

    def tell(self) -> None:
        rng, arrival = self._rng, self._arrival
        known = arrival.at
        if arrival.held:
            known += minutes(rng, 3, 25)
            self._story.tell(known, "accept")
        if arrival.emergent:
            delivered = known + minutes(rng, 1, 4)
        else:
            delivered = on_desk(rng, known + minutes(rng, 3, 40))
        self._story.tell(delivered, "dispatch", self._order(), unit=self._lead)
        if not self._own.signs:
            return
        signed = self._sign(self._lead, delivered)
        if arrival.emergent:
            self._interim(self._lead, delivered)
        replied = self._replied(delivered, signed)
        for unit in self._supports:
            self._stand_by(unit, delivered, replied)
        approved = self._answer(replied)
        Aftermath(
            self._story,
            self._lead,
            self._own,
            consultation=arrival.body["type"] == "consultation",
            grave=self._limit > LIMITS["help"],
            reachable="requester" in arrival.body,
        ).tell(approved, self._determination, self._chance(delivered, replied))

    def _order(self) -> dict[str, Any]:
        """The directory is asked where it knows the unit; otherwise the dispatcher names it."""
        body: dict[str, Any] = {}
        found = the_city().lead_for(self._arrival.body["category"], self._arrival.body["area_code"])
        if found != self._lead:
            body["lead"] = self._lead
        if self._supports:
            body |= {"lead": self._lead, "supports": list(self._supports)}
        return body

    def _sign(self, unit: str, delivered: datetime) -> datetime:
        rng, profile = self._rng, self._profiles[unit]
        if self._arrival.emergent:
            limit = 30 if self._arrival.emergent == "area_outage" else 15
            late = rng.random() < profile.late_interim
            signed = delivered + minutes(rng, *((limit + 1, limit * 3) if late else (1, limit - 2)))
        elif rng.random() < profile.late_sign:
            signed = some_time_on(rng, working_day_after(day_of(delivered), rng.choice((2, 2, 3))))
        else:
            signed = in_office(rng, delivered + minutes(rng, *profile.sign_minutes))
        self._story.tell(signed, "sign", unit=unit)
        return signed

    def _interim(self, unit: str, delivered: datetime) -> None:
        """Within two hours of delivery at any time of any day, or too late."""
        late = self._rng.random() < max(self._profiles[unit].late_interim, HARD_TIMES)
        span = (122, 200) if late else (46, 117)
        text = note(self._rng, "interim")
        self._story.tell(delivered + minutes(self._rng, *span), "interim-feedback", {"text": text}, unit=unit)

    def _stand_by(self, unit: str, delivered: datetime, replied: datetime) -> None:
        """A support signs, if it does so before the lead's reply is through."""
        if not self._profiles[unit].signs:
            return
        before = len(self._story.acts)
        if self._sign(unit, delivered) >= replied:
            del self._story.acts[before:]
        elif self._arrival.emergent:
            self._interim(unit, delivered)

    def _replied(self, delivered: datetime, signed: datetime) -> datetime:
        rng = self._rng
        if self._arrival.emergent:
            return delivered + minutes(rng, 240, 600)
        day = day_of(delivered)
        if rng.random() < self._own.late_reply:
            at = some_time_on(rng, working_day_after(day, self._limit + rng.choice((1, 1, 2, 4))))
        else:
            day_no = round(rng.uniform(*self._own.fraction) * self._limit)
            if day_no == 0 and signed.hour < TODAY:
                return in_office(rng, signed + minutes(rng, 30, 120))
            at = some_time_on(rng, working_day_after(day, max(1, day_no)))
        return at if at > signed + timedelta(minutes=10) else in_office(rng, signed + minutes(rng, 30, 120))

    def _answer(self, replied: datetime) -> datetime:
        """Reply, and what the reviewer says; returns the approval."""
        rng = self._rng
        self._determination: Determination
        if self._arrival.body["type"] in {"consultation", "praise"}:
            self._determination = "answered"
        else:
            kinds, weights = zip(*DETERMINATIONS, strict=True)
            self._determination = rng.choices(kinds, weights)[0]
        body = {"determination": self._determination, "text": reply_text(rng, self._determination)}
        self._story.tell(replied, "reply", body, unit=self._lead)
        reviewed = in_office(rng, replied + minutes(rng, 15, 240))
        while rng.random() < self._own.rejected:
            self._story.tell(reviewed, "reply/reject", {"note": note(rng, "reject")})
            replied = in_office(rng, reviewed + minutes(rng, 40, 1500))
            self._story.tell(replied, "reply", body, unit=self._lead)
            reviewed = in_office(rng, replied + minutes(rng, 15, 180))
        self._story.tell(reviewed, "reply/approve")
        return reviewed

    def _chance(self, delivered: datetime, replied: datetime) -> float:
        """Of the requester being satisfied."""
        chance = self._own.satisfied
        if day_of(replied) > working_day_after(day_of(delivered), self._limit):
            chance -= FEELS_LATE
        if self._determination not in {"solved", "answered"}:
            chance -= FEELS_LATE
        return chance
