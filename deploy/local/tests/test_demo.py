"""The demonstration on a whole system: the same table every time, played once, resumed if interrupted."""

import io
from pathlib import Path

import pytest

from hotline_local.demo import DEMO_BEGINS_AT, play_morning
from hotline_local.demo.memory import memory_of
from hotline_local.demo.player import Player
from hotline_local.demo.script import read_script
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine, running_machine
from hotline_local.web import gateway_of

EXPECTED = Path(__file__).with_name("demo_table.txt").read_text(encoding="utf-8")


def client_of(machine: Machine) -> GatewayClient:
    return GatewayClient(gateway_of(machine, access_log=False))


async def shown(machine: Machine) -> str:
    """What ``play_morning`` prints in a pipe, without the padding at the ends of lines."""
    out = io.StringIO()
    await play_morning(machine, client_of(machine), out)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


async def test_the_table_is_the_same_every_time_and_a_second_start_only_prints_it(tmp_path: Path) -> None:
    async with running_machine(tmp_path, virtual_from=DEMO_BEGINS_AT) as machine:
        assert await shown(machine) == EXPECTED
    async with running_machine(tmp_path) as machine:
        assert machine.demonstrated
        before = machine.clock.now()
        assert await shown(machine) == EXPECTED
        assert machine.clock.now() == before
        async with machine.services["intake"].database.reading() as connection:
            count = await connection.fetchval("SELECT count(*) FROM requests")
        assert count == len(read_script().requests)


class PowerFailed(Exception):
    pass


async def test_an_interrupted_demonstration_goes_on_where_it_was(tmp_path: Path) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 70:
            raise PowerFailed

    async with (
        running_machine(tmp_path, virtual_from=DEMO_BEGINS_AT) as machine,
        memory_of(machine) as memory,
    ):
        player = Player(machine, client_of(machine), read_script(), memory)
        with pytest.raises(PowerFailed):
            await player.play(interrupt)
    async with running_machine(tmp_path) as machine:
        assert not machine.demonstrated
        assert await shown(machine) == EXPECTED
