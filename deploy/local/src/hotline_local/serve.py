"""``hotline up``: everything in the foreground until a signal ends it."""

import asyncio
import contextlib
import signal
import sys
from datetime import datetime
from pathlib import Path

from hotline_chassis import crashpoints
from hotline_chassis.memory import settle_memory
from hotline_local.buses import BusChoice
from hotline_local.demo import DEMO_BEGINS_AT, play_morning
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import ClockRemembered, Machine, running_machine
from hotline_local.web import Server, gateway_of, listen


async def serve(
    data_dir: Path,
    *,
    port: int,
    bus: BusChoice,
    demo: bool,
    virtual_from: datetime | None,
    crash_at: str | None = None,
) -> None:
    """Start, play the demonstration if asked, print READY, and stay until SIGTERM or SIGINT.

    Args:
        data_dir: made if missing.
        port: on loopback; 0 picks one.
        bus: the embedded one, or a broker.
        demo: play the scripted morning (once per data directory) and print its table.
        virtual_from: start of a new directory's virtual clock; None is the system clock.
        crash_at: ``NAME`` or ``NAME:N``, for fault tests: die there at the Nth time.

    Raises:
        PortTaken, DataDirectoryInUse, ClockRemembered, BusRemembered, KafkaUnreachable, BelongsElsewhere:
            nothing was started.
    """
    if crash_at is not None:
        name, _, nth = crash_at.partition(":")
        crashpoints.arm(name, int(nth or 1))
    if demo and virtual_from is None:
        virtual_from = DEMO_BEGINS_AT
    listener = listen(port)
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    with contextlib.closing(listener):
        async with running_machine(data_dir, virtual_from=virtual_from, bus=bus) as machine:
            server = Server(gateway_of(machine))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(machine.run(stop))
                serving = tasks.create_task(server.serve(sockets=[listener]))
                try:
                    await _begin(machine, server, demo=demo)
                    settle_memory()
                    print(f"READY http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
                    await _until_first(stop, serving)
                finally:
                    stop.set()
                    server.should_exit = True


async def _begin(machine: Machine, server: Server, *, demo: bool) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    if demo:
        if not machine.clock.virtual:
            raise ClockRemembered("该数据目录使用真实时钟，不能演示；请换一个数据目录。")
        await play_morning(machine, GatewayClient(gateway_of(machine, access_log=False)), sys.stdout)


async def _until_first(stop: asyncio.Event, serving: "asyncio.Task[None]") -> None:
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
