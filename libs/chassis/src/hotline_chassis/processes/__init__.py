"""One role of one service in a process of its own: the production layout (docs/operations/processes.md)."""

from collections.abc import Sequence

from hotline_chassis.processes.composition import Build
from hotline_chassis.processes.program import run
from hotline_chassis.processes.roles import ServiceRoles
from hotline_chassis.processes.settings import ServiceSettings


def run_service(package: str, build: Build, roles: Sequence[str], arguments: Sequence[str]) -> int:
    """Run one role of a service, named by the command line; the exit code.

    Args:
        package: as in ``python -m PACKAGE``.
        build: the service's composition.
        roles: those that the service has, of serve, consume, relay, tick and migrate.
        arguments: the command line after the package.
    """
    return run(package, ServiceRoles(package, build).named(roles), ServiceSettings, arguments)
