"""Who calls when: the rhythm of hours and days, bursts, and the body of each request."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from hotline_contracts.values import Channel, Emergent
from hotline_local.city.bursts import BURSTS, SHIFT_BEGINS, Burst
from hotline_local.city.chance import seeded
from hotline_local.city.registry import BY_AREA, Area, the_city
from hotline_local.city.texts import Matter, declined_matters, filled, framed, matters, person, slots
from hotline_local.city.workdays import HOLIDAYS, WORKED, at_time

HOURS = (60, 110, 120, 90, 40, 40, 70, 110, 100, 60, 40, 40, 30, 20, 12, 8, 5, 4, 3, 3, 4, 6, 10, 25)
"""Weight of each hour from ``SHIFT_BEGINS`` on: peaks from 9 to 11 and from 15 to 17."""
WEEKDAYS = (1.15, 1.08, 1.0, 1.0, 0.97, 0.45, 0.4)
HOLIDAY, WORKED_WEEKEND = 0.4, 0.9
BUSY = 700
"""Requests of a working day of weight 1 at scale 1."""
CHANNELS: dict[Channel, int] = {
    "phone": 70, "wechat": 12, "web": 8, "app": 6, "province": 2, "email": 1,
}  # fmt: skip
DECLINED, REPEATED, HELD, LINKED, ANONYMOUS = 0.028, 0.012, 0.05, 0.02, 0.04
CONFIDENTIAL = 0.35
ENTERPRISE = 0.08
EMERGENCY_TYPES: dict[str, Emergent] = {
    "自然资源/地质灾害/滑坡崩塌": "natural_disaster",
    "城乡建设/供水供气/燃气泄漏": "public_safety",
    "城乡建设/市政设施/窨井盖": "other_immediate",
    "市场监管/特种设备/电梯故障": "other_immediate",
}
"""Categories of which an agent sometimes marks a ticket emergent."""
MARKED = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request before anybody deals with it.

    Attributes:
        held: an agent leaves it to a person to decide, who declines it for ``reason`` or accepts it.
        of: of a repeat, the earlier arrival.
    """

    at: datetime
    body: dict[str, Any]
    lead: str | None
    emergent: Emergent | None = None
    supports: tuple[str, ...] = ()
    event: str | None = None
    held: bool = False
    reason: str | None = None
    of: str | None = None
    ref: str = field(default="")


def day_weight(day: date) -> float:
    """How much of a working day's requests come on this day."""
    if day in HOLIDAYS:
        return HOLIDAY
    return WORKED_WEEKEND if day in WORKED else WEEKDAYS[day.weekday()]


def arrivals_of_day(seed: int, scale: float, day: date, number: int) -> list[Arrival]:
    """All requests of one day of the hotline, in order of time, with unique channel numbers."""
    rng = seeded(seed, day)
    count = max(1, round(BUSY * day_weight(day) * scale))
    midday = at_time(day, SHIFT_BEGINS)
    found = [_ordinary(rng, midday) for _ in range(count)]
    for burst in BURSTS:
        if number in burst.days:
            found += _burst(rng, burst, midday, scale)
    found.sort(key=lambda arrival: arrival.at)
    numbered = _numbered(found, seed, day)
    return sorted([*numbered, *_repeats(rng, numbered, seed, day, midday)], key=lambda arrival: arrival.at)


def _numbered(found: list[Arrival], seed: int, day: date) -> list[Arrival]:
    numbered = []
    for place, arrival in enumerate(found, start=1):
        ref = f"{seed}-{day:%m%d}-{place:05}"
        body = {"channel": arrival.body["channel"], "channel_ref": ref, **arrival.body}
        if arrival.body["channel"] == "linkage":
            body["linkage"] = {"system": arrival.body["linkage"], "number": f"{day:%Y%m%d}{place:05}"}
        numbered.append(_changed(arrival, ref=ref, body=body))
    return numbered


def _changed(arrival: Arrival, **becomes: Any) -> Arrival:
    return Arrival(**{name: becomes.get(name, getattr(arrival, name)) for name in Arrival.__slots__})


def _instant(rng: random.Random, midday: datetime) -> datetime:
    hour = rng.choices(range(24), HOURS)[0]
    return midday + timedelta(hours=hour, seconds=rng.randrange(3600))


def _ordinary(rng: random.Random, midday: datetime) -> Arrival:
    at = _instant(rng, midday)
    area = rng.choices(the_city().areas, [area.weight for area in the_city().areas])[0]
    declined = rng.random() < DECLINED
    linked = not declined and rng.random() < LINKED
    pool = declined_matters() if declined else emergencies() if linked else matters()
    matter = rng.choices(pool, [matter.weight for matter in pool])[0]
    body = _body(rng, matter, area)
    if declined:
        return Arrival(at=at, body=body, lead=None, held=True, reason=matter.reason)
    emergent = EMERGENCY_TYPES.get(matter.category or "")
    if emergent is not None and (linked or rng.random() < MARKED):
        body["emergent"] = emergent
    else:
        emergent = None
    if linked:
        body.pop("requester", None)
        body |= {"channel": "linkage", "linkage": rng.choice(("110", "119", "120"))}
    lead = area.unit if matter.lead == BY_AREA else matter.lead
    held = not linked and emergent is None and rng.random() < HELD
    return Arrival(at=at, body=body, lead=lead, emergent=emergent, held=held)


@cache
def emergencies() -> tuple[Matter, ...]:
    """Matters that other emergency services hand over."""
    return tuple(matter for matter in matters() if matter.category in EMERGENCY_TYPES)


def _body(rng: random.Random, matter: Matter, area: Area) -> dict[str, Any]:
    chosen = slots(rng, area)
    body: dict[str, Any] = {
        "channel": rng.choices(tuple(CHANNELS), tuple(CHANNELS.values()))[0],
        "type": matter.type,
        "subject": filled(matter.subject, chosen),
        "description": framed(rng, filled(matter.description, chosen)),
        "category": matter.category,
        "area_code": area.code,
        "address": f"{area.name}{chosen['路']}",
    }
    if matter.reason is not None or rng.random() >= ANONYMOUS:
        name, phone = person(rng)
        kind = "enterprise" if rng.random() < ENTERPRISE else "person"
        confidential = matter.type == "report" and rng.random() < CONFIDENTIAL
        body["requester"] = {"name": name, "phone": phone, "kind": kind, "confidential": confidential}
    return body


def _burst(rng: random.Random, burst: Burst, midday: datetime, scale: float) -> Iterator[Arrival]:
    area = next(area for area in the_city().areas if area.code == burst.area)
    for place in range(max(3, round(burst.calls * scale))):
        kind, _, subject, description = rng.choices(burst.asks, [ask[1] for ask in burst.asks])[0]
        matter = Matter(burst.category, burst.lead, kind, 1, subject, description)
        body = _body(rng, matter, area) | ({"emergent": burst.emergent} if burst.emergent else {})
        seconds = 0.0 if place == 0 else min(rng.expovariate(3 / burst.spread), burst.spread) * 60
        yield Arrival(
            at=midday + burst.at + timedelta(seconds=int(seconds)),
            body=body,
            lead=burst.lead,
            # Who stands by is asked once, with the first call.
            supports=burst.supports if place == 0 else (),
            emergent=burst.emergent,
            event=burst.name,
        )


def _repeats(
    rng: random.Random, numbered: list[Arrival], seed: int, day: date, midday: datetime
) -> list[Arrival]:
    """Some who called call again about the same, and are told so."""
    last = midday + timedelta(hours=24)
    known = [
        arrival
        for arrival in numbered
        if arrival.lead
        and not arrival.held
        and "requester" in arrival.body
        and arrival.at < last - timedelta(hours=4)
    ]
    found: list[Arrival] = []
    for place, earlier in enumerate(rng.sample(known, round(len(known) * REPEATED)), start=1):
        ref = f"{seed}-{day:%m%d}-R{place:04}"
        body = {
            **earlier.body,
            "channel_ref": ref,
            "channel": "phone",
            "subject": f"再次反映{earlier.body['subject']}",
            "description": f"此前已来电反映，{earlier.body['description']}",
        }
        body.pop("emergent", None)
        at = earlier.at + timedelta(seconds=rng.randrange(3600, 4 * 3600))
        found.append(
            Arrival(at=at, body=body, lead=None, held=True, reason="repeat", of=earlier.ref, ref=ref)
        )
    return found


def city_requests(seed: int, begins: date = date(2026, 5, 6)) -> Iterator[dict[str, Any]]:
    """Bodies of ``POST /api/v1/requests`` without end, day after day, each with a channel number of its own.

    Bodies only: when they are sent, and by whom, is the sender's business; a held one says so.
    """
    number = 0
    while True:
        for arrival in arrivals_of_day(seed, 1.0, begins + timedelta(days=number % 200), number + 1):
            ref = f"{number}-{arrival.ref}"
            yield {**arrival.body, "channel_ref": ref, "decision": "hold" if arrival.held else None}
        number += 1
