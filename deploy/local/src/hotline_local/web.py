"""The gateway over a machine, and the server that listens for it."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn

import gateway.main
from hotline_chassis.web.app import ServiceApp
from hotline_local.dev_system import LocalDevSystem
from hotline_local.machine import Machine


class PortTaken(Exception):
    """Something else listens on the address already."""


def gateway_of(machine: Machine, *, access_log: bool = True) -> gateway.main.Gateway:
    """The gateway in front of the machine's services, in dev mode."""

    async def ready() -> bool:
        return all(relay.active for relay in machine.relays.values())

    return gateway.main.build(
        {
            name: service.app
            for name, service in machine.services.items()
            if isinstance(service.app, ServiceApp)
        },
        verifier=machine.verifier,
        system_clock=machine.system_clock,
        ready=ready,
        dev=LocalDevSystem(machine),
        access_log=access_log,
    )


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 picks a free one.

    Raises:
        PortTaken: the port is in use.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise PortTaken(f"端口 {port} 已被占用（{error.strerror}）。") from None
    return listener


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the command decides when to stop."""

    def __init__(self, app: gateway.main.Gateway) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
