"""A process from its command line to its exit code."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hotline_chassis.bus.port import BusUnavailable, LogShortened, TopicDiffers
from hotline_chassis.clocks import RealTime
from hotline_chassis.migrations import SchemaIsNewer
from hotline_chassis.processes.lifetime import Lifetime, Stopped
from hotline_chassis.processes.program import DATA_DISAGREE, FAILED, WRONG_START, _live, run
from hotline_chassis.processes.roles import ServiceRoles
from hotline_chassis.processes.settings import ServiceSettings
from hotline_chassis.service import Service, Surroundings


def ending(error: BaseException) -> Callable[[None, Lifetime], Awaitable[None]]:
    async def role(_: None, __: Lifetime) -> None:
        async with asyncio.TaskGroup():
            raise error

    return role


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogShortened("gone"), DATA_DISAGREE),
        (SchemaIsNewer("0009"), DATA_DISAGREE),
        (TopicDiffers("four"), DATA_DISAGREE),
        (ZeroDivisionError(), FAILED),
        (Stopped("topics"), 0),
    ],
)
async def test_the_exit_code_says_whether_a_person_must_look(error: BaseException, code: int) -> None:
    assert await _live(ending(error), None, Lifetime(RealTime())) == code  # type: ignore[type-var]


def test_a_role_that_a_service_does_not_have_is_refused_with_those_it_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    roles = {"serve": ending(Stopped()), "relay": ending(Stopped())}
    for arguments in (["consume"], [], ["serve", "relay"]):
        assert run("intake_svc", roles, ServiceSettings, arguments) == WRONG_START  # type: ignore[arg-type]
        assert capsys.readouterr().err.endswith("intake_svc has the roles: serve, relay\n")


async def test_what_is_not_there_yet_is_waited_for() -> None:
    missing = [BusUnavailable("away"), BusUnavailable("still away")]

    async def attempt() -> str:
        if missing:
            raise missing.pop()
        return "there"

    assert await Lifetime(RealTime()).until_there("bus", attempt, (BusUnavailable,)) == "there"


async def test_only_the_trouble_that_was_named_is_waited_out() -> None:
    async def attempt() -> None:
        raise TopicDiffers("four")

    with pytest.raises(TopicDiffers):
        await Lifetime(RealTime()).until_there("bus", attempt, (BusUnavailable,))


async def test_a_signal_ends_a_process_that_still_waits() -> None:
    lifetime = Lifetime(RealTime())
    never = asyncio.Event()
    with lifetime.heeding_signals():
        waiting = asyncio.create_task(lifetime.until_there("bus", never.wait, (BusUnavailable,)))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            await asyncio.wait_for(waiting, 10)


async def nothing_built(_: Surroundings) -> Service:
    raise AssertionError("it was told to end before that")


async def test_a_migration_that_was_ended_before_it_was_done_does_not_pass_for_done(tmp_path: Path) -> None:
    settings = ServiceSettings.model_validate(
        {
            "database": {"host": str(tmp_path), "name": "nobody", "user": "nobody", "password": "-"},
            "kafka": {"bootstrap": "127.0.0.1:9"},
            "oidc": {"issuer": "https://issuer", "jwks_url": "https://issuer/keys"},
            "master_keys_dir": tmp_path,
        }
    )
    migrate = ServiceRoles("intake_svc", nothing_built).named(["migrate"])["migrate"]
    lifetime = Lifetime(RealTime())
    asyncio.get_running_loop().call_later(0.3, lifetime.stop.set)
    assert await _live(migrate, settings, lifetime) == FAILED
