"""A process from its command line to its exit code."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog
import uvloop

from hotline_chassis.bus.port import LogShortened, TopicDiffers
from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import KeysMissing
from hotline_chassis.logs import configure_logging
from hotline_chassis.migrations import SchemaIsNewer
from hotline_chassis.processes.lifetime import Lifetime, Stopped
from hotline_chassis.processes.settings import ProcessSettings, SettingsWrong, read_settings

log = structlog.get_logger(__name__)

FAILED = 1
WRONG_START = 2
"""Role or settings: nothing was started."""
DATA_DISAGREE = 3
"""Database, bus and release do not fit together: a person must look."""

Settings = TypeVar("Settings", bound=ProcessSettings)
Role = Callable[[Settings, Lifetime], Awaitable[None]]


def run(
    package: str, roles: Mapping[str, Role[Settings]], model: type[Settings], arguments: Sequence[str]
) -> int:
    """Run one role until it ends or is told to; the exit code.

    Args:
        package: as in ``python -m PACKAGE``.
        roles: what there is, by name.
        model: the settings, read from the environment.
        arguments: the command line after the package.
    """
    if len(arguments) != 1 or arguments[0] not in roles:
        return _wrong([f"usage: python -m {package} ROLE", f"{package} has the roles: {', '.join(roles)}"])
    role = arguments[0]
    try:
        settings = read_settings(model)
    except SettingsWrong as wrong:
        return _wrong([f"{package} {role}: settings are missing or wrong", *wrong.lines])
    system_clock = RealTime()
    configure_logging(system_clock, service=package.replace("_", "-"))
    structlog.contextvars.bind_contextvars(role=role)
    return uvloop.run(_live(roles[role], settings, Lifetime(system_clock)))


def _wrong(lines: Sequence[str]) -> int:
    sys.stderr.write("\n".join(lines) + "\n")
    return WRONG_START


async def _live(role: Role[Settings], settings: Settings, lifetime: Lifetime) -> int:
    log.info("process.starts")
    try:
        with lifetime.heeding_signals():
            await role(settings, lifetime)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the end of the process says why
        return _exit_code(error, ended_early=lifetime.ended_early)
    log.info("process.ends")
    return 0


def _exit_code(error: BaseException, *, ended_early: int) -> int:
    reason = error
    while isinstance(reason, BaseExceptionGroup):
        reason = reason.exceptions[0]
    if isinstance(reason, Stopped):
        log.info("process.ends", waited_for=str(reason))
        return ended_early
    if isinstance(reason, KeysMissing):
        return _wrong([str(reason)])
    if isinstance(reason, LogShortened | SchemaIsNewer | TopicDiffers):
        log.critical("process.data_disagree", error=type(reason).__name__, detail=str(reason))
        return DATA_DISAGREE
    log.critical(
        "process.failed", exc_info=reason, detail=str(reason) if isinstance(reason, OSError) else None
    )
    return FAILED
