"""Listening: one socket, one uvicorn, ended by us and not by its own signal handlers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE_SECONDS = 75
"""Longer than the gateway keeps an idle connection: the one who sends next is the one who closes."""
FINISH_SECONDS = 4
"""For requests that still run when the port closes."""
BACKLOG = 2048


class PortTaken(Exception):
    """The port cannot be opened."""


def open_port(host: str, port: int) -> socket.socket:
    """A listening socket; an address with a colon is IPv6.

    Raises:
        PortTaken: another process has it, or it may not be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as refused:
        raise PortTaken(f"cannot listen on {host} port {port}: {refused.strerror}") from None


class WebServer(uvicorn.Server):
    """uvicorn without its own signal handlers; ``should_exit`` ends it."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=FINISH_SECONDS,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[None]:
    """Answer on a port as long as the block runs; requests under way may finish then.

    Raises:
        PortTaken: the port cannot be opened.
    """
    with contextlib.closing(open_port(host, port)) as listener:
        server = WebServer(app)
        serving_it = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving_it
