"""The city day as ``hotline up --demo`` runs it: played once for each data directory, then printed from its data."""

from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hotline_local.city.cast import Cast
from hotline_local.city.generator import make_plan
from hotline_local.city.memory import Memory
from hotline_local.city.oracle import expected_totals
from hotline_local.city.plan import Plan, Spec
from hotline_local.city.player import Player
from hotline_local.city.readback import differences, read_back, totals_of
from hotline_local.city.sheet import Sheet, make_sheet
from hotline_local.city.table import console_on, print_sheet
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine


class OtherCityPlayed(Exception):
    """The data directory holds a city day of another spec, or none that can be played or shown."""


async def settled_plan(machine: Machine, spec: Spec | None) -> Plan | None:
    """The plan of this data directory: the one that was played here, or begun; else of ``spec``.

    None where an earlier release showed something else: that data is gone on with, there is nothing to print.

    Args:
        spec: None is the one that was played here, or the default one.

    Raises:
        OtherCityPlayed: another spec was played here, or the clock has passed the plan's beginning.
    """
    played = await Memory(machine).spec()
    if played is not None:
        if spec is not None and spec != played:
            raise OtherCityPlayed(
                f"该数据目录演示的是种子 {played.seed}、规模 {played.scale:g}、{played.days} 天；请换一个数据目录。"
            )
        return make_plan(played)
    if machine.demonstrated and spec is None:
        return None
    if machine.demonstrated:
        raise OtherCityPlayed("该数据目录由较早的版本演示过；请换一个数据目录，或先执行 hotline reset。")
    plan = make_plan(spec or Spec())
    if machine.clock.now() > plan.begins:
        raise OtherCityPlayed(
            f"演示从 {plan.begins:%Y-%m-%d %H:%M} 开始，该数据目录的虚拟时钟已在其后；请换一个数据目录。"
        )
    return plan


async def play_city(
    machine: Machine, client: GatewayClient, plan: Plan, out: TextIO, json_out: Path | None = None
) -> Sheet:
    """Play the city day unless this data directory has seen it to its end, then print how everything stands.

    One that was interrupted goes on where it was.

    Args:
        json_out: the same figures are written to this file.

    Raises:
        Refused: the system did not do what the plan says.
    """
    console = console_on(out)
    memory = Memory(machine)
    if not machine.demonstrated:
        await memory.begin(plan)
        with _progress(console) as bar:
            task = bar.add_task("演示一个城市的一天及其后的办理", total=None)
            player = Player(machine, client, plan)
            await player.play(lambda done, total: bar.update(task, completed=done, total=total))
        await machine.instance.set_demonstrated()
        machine.demonstrated = True
    sheet = await _read(machine, client, plan, memory)
    print_sheet(sheet, console)
    if json_out is not None:
        _write(sheet, json_out)
    return sheet


def _write(sheet: Sheet, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(sheet), indent=2) + b"\n")


async def _read(machine: Machine, client: GatewayClient, plan: Plan, memory: Memory) -> Sheet:
    """Read back; compared with the oracle once, before anybody else has done anything."""
    expected = expected_totals(plan)
    months = expected["months"]
    month = max(months, key=lambda name: _due(months[name]), default=f"{plan.ends:%Y-%m}")
    token = Cast(machine).token("auditor")
    read = await read_back(client, token, plan, {*months, month}, machine.clock.now())
    found = await memory.differences()
    if found is None:
        found = differences(expected, totals_of(read))
        await memory.end(found)
    return make_sheet(plan, month, read, found)


def _due(units: dict[str, dict[str, list[int]]]) -> int:
    return sum(row.get("on_time", [0, 0])[1] for row in units.values())


def _progress(console: Console) -> Progress:
    """A bar on a terminal, nothing in a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
