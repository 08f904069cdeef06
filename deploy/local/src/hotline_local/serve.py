"""``hotline up``: everything in the foreground until a signal ends it."""

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hotline_chassis import crashpoints
from hotline_chassis.memory import settle_memory
from hotline_local.buses import BusChoice
from hotline_local.city.day import play_city, settled_plan
from hotline_local.city.generator import CITY_BEGINS_AT
from hotline_local.city.plan import Plan, Spec
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine, running_machine
from hotline_local.web import Server, gateway_of, listen


@dataclass(frozen=True, slots=True)
class Demonstration:
    """That the city day is to be shown.

    Attributes:
        spec: None is the one that was played on this data, or the default one.
        json_out: file to which its figures are written; None for none.
    """

    spec: Spec | None = None
    json_out: Path | None = None


async def serve(
    data_dir: Path,
    *,
    port: int,
    bus: BusChoice,
    demo: Demonstration | None,
    virtual_from: datetime | None,
    crash_at: str | None = None,
) -> None:
    """Start, play the demonstration if asked, print READY, and stay until SIGTERM or SIGINT.

    Args:
        data_dir: made if missing.
        port: on loopback; 0 picks one.
        bus: the embedded one, or a broker.
        demo: play the city day (once per data directory) and print its table; None does not.
        virtual_from: start of a new directory's virtual clock; None is the system clock.
        crash_at: ``NAME`` or ``NAME:N``, for fault tests: die there at the Nth time.

    Raises:
        PortTaken, DataDirectoryInUse, ClockRemembered, BusRemembered, KafkaUnreachable, BelongsElsewhere,
            FactsGone: nothing was started.
        OtherCityPlayed: the demonstration asked for cannot be shown on this data.
    """
    if crash_at is not None:
        name, _, nth = crash_at.partition(":")
        crashpoints.arm(name, int(nth or 1))
    if demo and virtual_from is None:
        virtual_from = CITY_BEGINS_AT
    listener = listen(port)
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    with contextlib.closing(listener):
        async with running_machine(data_dir, virtual_from=virtual_from, bus=bus) as machine:
            server = Server(gateway_of(machine))
            plan = None if demo is None else await settled_plan(machine, demo.spec)
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(server.serve(sockets=[listener]))
                try:
                    beginning = tasks.create_task(_begin(machine, server, plan, demo))
                    await _until_first(stop, serving, beginning)
                    if not beginning.done():
                        beginning.cancel()
                        return
                    # From here on: the demonstration moves everybody by itself, in fewer and larger steps.
                    tasks.create_task(machine.run(stop))
                    settle_memory()
                    print(f"READY http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
                    await _until_first(stop, serving)
                finally:
                    stop.set()
                    server.should_exit = True


async def _begin(machine: Machine, server: Server, plan: Plan | None, demo: Demonstration | None) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    if demo is None:
        return
    if plan is None:
        print("该数据目录由较早的版本演示过，没有城市的一天可以打印；数据照常使用。", flush=True)
    else:
        client = GatewayClient(gateway_of(machine, access_log=False))
        await play_city(machine, client, plan, sys.stdout, demo.json_out)


async def _until_first(stop: asyncio.Event, *others: "asyncio.Task[None]") -> None:
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({stopping, *others}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
