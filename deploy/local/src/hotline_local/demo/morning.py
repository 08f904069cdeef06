"""The demonstration as ``hotline up --demo`` runs it: play once for each data directory, print the table."""

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from hotline_local.demo.memory import memory_of
from hotline_local.demo.player import Player
from hotline_local.demo.script import instant, read_script
from hotline_local.demo.sheet import Gatherer
from hotline_local.demo.table import console_on, print_sheet
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine

_SCRIPT = read_script()
DEMO_BEGINS_AT = instant(_SCRIPT.begins)
"""Friday 2026-02-13 08:00 in Shanghai: the Saturday after it is worked, then Spring Festival until the 23rd."""


async def play_morning(machine: Machine, client: GatewayClient, out: TextIO) -> None:
    """Play the script once for each data directory, then print how its tickets and cards stand now.

    A demonstration that was interrupted goes on where it was. A data directory that saw it to its end only
    prints the table again.

    Raises:
        Refused: the system did not do what the script expects.
    """
    console = console_on(out)
    async with memory_of(machine) as memory:
        if not machine.demonstrated:
            with _progress(console) as bar:
                task = bar.add_task("演示一个上午及其后的办理", total=None)
                player = Player(machine, client, _SCRIPT, memory)
                await player.play(lambda done, total: bar.update(task, completed=done, total=total))
            await machine.instance.set_demonstrated()
            machine.demonstrated = True
        request_ids = [memory.request_ids[request.ref] for request in _SCRIPT.requests]
    gatherer = Gatherer(client, machine.issuer.issue(["auditor"], sub="demo-auditor-city"))
    print_sheet(await gatherer.gather(request_ids, machine.clock.now()), console)


def _progress(console: Console) -> Progress:
    """A bar on a terminal, nothing in a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
