"""The city day that was played here: ``city-totals``, against what its own plan says must have come of it.

The plan is made anew from its seed, and its totals are worked out alone. What people do in the system
afterwards changes nothing of it: only the plan's own requests count, and only what was due to happen by its end.
"""

from collections import Counter
from collections.abc import Mapping

from hotline_local.city.generator import make_plan
from hotline_local.city.oracle import expected_totals
from hotline_local.city.plan import Spec

from .findings import Findings
from .snapshot import Snapshot


def check(snapshot: Snapshot, findings: Findings) -> None:
    played = snapshot.city_day
    if played is None or played["differences"] is None:
        return  # none, or one that was cut short
    plan = make_plan(Spec(seed=played["seed"], scale=played["scale"], days=played["days"]))
    expected = expected_totals(plan)
    refs = {life.ref for life in plan.lives}
    requests = [row for row in snapshot.services["intake"]["requests"] if row["channel_ref"] in refs]
    tickets = {row["ticket_id"] for row in requests if row["outcome"] == "accepted"}
    cards: dict[str, Counter[str]] = {duty: Counter() for duty in expected["cards"]}
    for card in snapshot.services["sla"]["cards"]:
        if card["ticket_id"] in tickets and card["at"] <= plan.ends:
            cards.setdefault(card["duty"], Counter())[card["card"]] += 1
    given = Counter(
        row["level"]
        for row in snapshot.services["evaluation"]["ratings"]
        if row["ticket_id"] in tickets and row["given_at"] <= plan.ends
    )
    _compare("requests", {"total": len(requests)}, {"total": expected["requests"]["total"]}, findings)
    _compare("tickets", {"total": len(tickets)}, {"total": expected["tickets"]["total"]}, findings)
    _compare("ratings", given, expected["ratings"]["given"], findings)
    for duty, counts in cards.items():
        _compare(f"cards of {duty}", counts, expected["cards"].get(duty, {}), findings)


def _compare(what: str, found: Mapping[str, int], expected: Mapping[str, int], findings: Findings) -> None:
    for name in sorted({*found, *expected}):
        findings.require(
            found.get(name, 0) == expected.get(name, 0),
            "city-totals",
            f"{what}: {name}",
            f"there are {found.get(name, 0)}, the plan says {expected.get(name, 0)}",
        )
