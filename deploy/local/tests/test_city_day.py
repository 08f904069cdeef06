"""A small city day on a whole system: as reckoned, the same table every time, played once, resumed if interrupted."""

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hotline_local.city import CITY_BEGINS_AT, Plan, Spec, make_plan
from hotline_local.city.day import OtherCityPlayed, play_city, settled_plan
from hotline_local.city.memory import Memory
from hotline_local.city.oracle import expected_totals
from hotline_local.city.player import Player
from hotline_local.inprocess import Answer, GatewayClient, Refused
from hotline_local.machine import Machine, running_machine
from hotline_local.web import gateway_of

SMALL = Spec(scale=0.07)
EXPECTED = Path(__file__).with_name("city_table.txt").read_text(encoding="utf-8")


def client_of(machine: Machine) -> GatewayClient:
    return GatewayClient(gateway_of(machine, access_log=False))


async def shown(machine: Machine, json_out: Path | None = None) -> str:
    """What ``play_city`` prints in a pipe, without the padding at the ends of lines."""
    out = io.StringIO()
    plan = await settled_plan(machine, None if machine.demonstrated else SMALL)
    assert plan is not None
    await play_city(machine, client_of(machine), plan, out, json_out)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


async def test_the_day_comes_out_as_reckoned_and_a_second_start_only_prints_it(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    async with running_machine(tmp_path / "data", virtual_from=CITY_BEGINS_AT) as machine:
        assert await shown(machine, figures) == EXPECTED
        found = await client_of(machine).get(
            "/api/v1/knowledge/search", token=machine.issuer.issue(["agent"]), query={"q": "异地就医"}
        )
        assert "异地就医" in found["items"][0]["title"]
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert written["differences"] == []
    assert written["totals"] == json.loads(json.dumps(expected_totals(make_plan(SMALL))))
    async with running_machine(tmp_path / "data") as machine:
        assert machine.demonstrated
        before = machine.clock.now()
        assert await shown(machine) == EXPECTED
        assert machine.clock.now() == before
        with pytest.raises(OtherCityPlayed):
            await settled_plan(machine, Spec(seed=1))


class PowerFailed(Exception):
    pass


class FailingClient(GatewayClient):
    """A caller whose power fails after so many calls, the last of them answered."""

    left = 0

    async def call(self, method: str, path: str, **sent: Any) -> Answer:
        if self.left == 0:
            raise PowerFailed
        self.left -= 1
        return await super().call(method, path, **sent)


@pytest.mark.parametrize("calls", [150, 520])
async def test_an_interrupted_city_day_goes_on_where_it_was(tmp_path: Path, calls: int) -> None:
    plan = make_plan(SMALL)
    async with running_machine(tmp_path, virtual_from=CITY_BEGINS_AT) as machine:
        await Memory(machine).begin(plan)
        client = FailingClient(gateway_of(machine, access_log=False))
        client.left = calls
        with pytest.raises(PowerFailed):
            await Player(machine, client, plan).play(lambda *_: None)
    async with running_machine(tmp_path) as machine:
        assert not machine.demonstrated
        assert await shown(machine) == EXPECTED


def with_another_lead(plan: Plan) -> Plan:
    """The plan as it would be if its first ticket that the directory gives away went to somebody else."""
    first = next(
        life
        for life in plan.lives
        if any(act.do == "dispatch" and "lead" not in act.body for act in life.acts)
    )
    changed = msgspec.structs.replace(first, lead="520400-P30")
    lives = tuple(changed if life is first else life for life in plan.lives)
    return msgspec.structs.replace(plan, lives=lives)


async def test_a_plan_that_the_system_does_not_follow_is_refused_or_differs(tmp_path: Path) -> None:
    tiny = make_plan(Spec(scale=0.01))
    async with running_machine(tmp_path, virtual_from=CITY_BEGINS_AT) as machine:
        with pytest.raises(Refused, match="not to 520400-P30"):
            await Player(machine, client_of(machine), with_another_lead(tiny)).play(lambda *_: None)
        # What was reckoned for a whole plan is not what a part of it gives.
        short = msgspec.structs.replace(tiny, lives=tiny.lives[:3])
        sheet = await play_city(machine, client_of(machine), short, io.StringIO())
        assert sheet.differences == []
        out = io.StringIO()
        await Memory(machine).end(["/requests/total: 8 ≠ 3"])
        await play_city(machine, client_of(machine), short, out)
        assert "与独立推算不一致，共 1 处" in out.getvalue()


async def test_a_clock_that_has_passed_the_day_refuses_the_demonstration(tmp_path: Path) -> None:
    async with running_machine(tmp_path, virtual_from=make_plan(SMALL).ends) as machine:
        with pytest.raises(OtherCityPlayed):
            await settled_plan(machine, None)


async def test_data_that_an_earlier_release_demonstrated_on_kept_the_system_from_starting(
    tmp_path: Path,
) -> None:
    async with running_machine(tmp_path, virtual_from=CITY_BEGINS_AT) as machine:
        machine.demonstrated = True
        assert await settled_plan(machine, None) is None
        with pytest.raises(OtherCityPlayed):
            await settled_plan(machine, SMALL)
