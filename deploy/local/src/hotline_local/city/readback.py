"""What the public interface says about a plan's requests, in the shape of the oracle's totals, and more to show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline_local.city.oracle.totals import counted
from hotline_local.city.plan import Plan
from hotline_local.inprocess import GatewayClient

DUTIES = ("sign", "handle", "interim_feedback", "redo", "follow_up")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Readings:
    """Lists as the interface gave them, only of the plan's requests.

    Attributes:
        refs: ticket id → the channel's own number.
        scorecards: items by month.
        units: names by code.
        entries: how many knowledge entries are published.
    """

    now: datetime
    requests: list[Row]
    tickets: list[Row]
    clocks: list[Row]
    cards: list[Row]
    follow_ups: list[Row]
    scorecards: dict[str, list[Row]]
    units: dict[str, str]
    entries: int
    refs: dict[str, str]


async def read_back(
    client: GatewayClient, token: str, plan: Plan, months: Iterable[str], now: datetime
) -> Readings:
    """Read everything, as an auditor."""

    async def items(path: str, **query: str) -> list[Row]:
        return await client.items(f"/api/v1/{path}", token=token, query=query)

    wanted = {life.ref for life in plan.lives}
    requests = [row for row in await items("requests") if row["channel_ref"] in wanted]
    # A request that was declined as a repeat names the ticket that has its matter: that one is not its own.
    refs = {row["ticket_id"]: row["channel_ref"] for row in requests if row["outcome"] == "accepted"}

    def own(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["ticket_id"] in refs]

    clocks = [row for duty in DUTIES for row in own(await items("clocks", duty=duty))]
    scorecards = {
        month: (await client.get(f"/api/v1/scorecards/{month}", token=token))["items"] for month in months
    }
    return Readings(
        now=now,
        requests=requests,
        tickets=own(await items("tickets")),
        clocks=clocks,
        cards=own(await items("cards")),
        follow_ups=own(await items("follow-ups")),
        scorecards=scorecards,
        units={unit["code"]: unit["name"] for unit in await items("units")},
        entries=len(await items("knowledge/entries", state="published")),
        refs=refs,
    )


def totals_of(read: Readings) -> dict[str, Any]:
    """The readings' totals, as ``expected_totals`` has them."""
    ratings = [row["rating"] for row in read.follow_ups if row["rating"]]
    formed = (rating["level"] for rating in ratings if rating["formed_at"])
    return {
        "requests": {
            "total": len(read.requests),
            "outcome": counted(row["outcome"] for row in read.requests),
            "channel": counted(row["channel"] for row in read.requests),
            "type": counted(row["type"] for row in read.requests),
            "declined": counted(row["reason"] for row in read.requests if row["reason"]),
        },
        "tickets": {
            "total": len(read.tickets),
            "state": counted(row["state"] for row in read.tickets),
            "emergent": sum(row["emergent"] is not None for row in read.tickets),
        },
        "cards": _by_duty(read.cards, "card"),
        "clocks": _by_duty(read.clocks, "state"),
        "follow_ups": counted(row["outcome"] or "open" for row in read.follow_ups),
        "ratings": {"given": counted(rating["level"] for rating in ratings), "formed": counted(formed)},
        "months": {
            month: {row["unit"]: _scores(row) for row in sorted(items, key=lambda row: str(row["unit"]))}
            for month, items in read.scorecards.items()
            if items
        },
    }


def _by_duty(rows: Iterable[Row], what: str) -> dict[str, dict[str, int]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["duty"], []).append(row[what])
    return {duty: counted(values) for duty, values in sorted(found.items())}


def _scores(row: Row) -> Row:
    rates = {one["name"]: [one["numerator"], one["denominator"]] for one in row["indicators"]}
    return {
        "group": row["group"],
        "score": f"{row['score']:.2f}",
        "rank": row["rank"],
        "bottom": row["bottom"],
        **rates,
    }


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where two totals differ, each with its path and both values; none where they agree."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [
            line
            for key in sorted({*expected, *found})
            for line in differences(expected.get(key), found.get(key), f"{path}/{key}")
        ]
    return [] if expected == found else [f"{path}: {expected} ≠ {found}"]
