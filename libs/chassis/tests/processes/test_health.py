"""Probes: alive is that the work goes round; ready is neither before the start nor while draining."""

from datetime import timedelta
from typing import Any

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from hotline_chassis.processes.front import Front
from hotline_chassis.processes.health import Health, Watch
from hotline_chassis.testing.bus_lab import MovedTime


async def ask(app: ASGIApp, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://probe") as client:
        return await client.get(path)


async def test_work_that_stands_still_for_a_minute_is_not_alive() -> None:
    time, turns = MovedTime(), [0]
    health = Health()
    health.watches.append(Watch(lambda: turns[0], time, limit=60))
    time.move(timedelta(seconds=59))
    assert (await ask(health.app(), "/livez")).status_code == 200
    turns[0] += 1
    time.move(timedelta(seconds=59))
    assert (await ask(health.app(), "/livez")).status_code == 200
    time.move(timedelta(seconds=60))
    assert (await ask(health.app(), "/livez")).status_code == 503


async def test_one_of_several_works_that_stands_still_is_enough() -> None:
    time, turns = MovedTime(), [0]
    health = Health()
    health.watches += [Watch(lambda: 0, time), Watch(lambda: turns[0], time)]
    time.move(timedelta(minutes=2))
    turns[0] += 1
    assert not health.live


async def readiness(app: ASGIApp) -> tuple[int, Any]:
    answer = await ask(app, "/readyz")
    return answer.status_code, answer.json()


async def test_a_role_is_ready_after_its_start_and_until_it_drains() -> None:
    health = Health()
    assert await readiness(health.app()) == (503, {"ready": False, "state": "starting"})
    health.report = lambda: {"ready": True, "standby": True}
    assert await readiness(health.app()) == (200, {"ready": True, "standby": True})
    health.draining = True
    assert await readiness(health.app()) == (503, {"ready": False, "state": "draining"})
    assert (await ask(health.app(), "/livez")).status_code == 200


async def test_before_its_application_is_there_the_port_answers_503() -> None:
    front = Front(Health())
    assert (await ask(front, "/livez")).status_code == 200
    assert (await ask(front, "/readyz")).status_code == 503
    answer = await ask(front, "/api/v1/requests")
    assert answer.status_code == 503
    assert (answer.json()["type"], answer.headers["retry-after"]) == ("urn:hotline:problem:unavailable", "1")


async def test_while_draining_it_still_answers_and_lets_go_of_connections() -> None:
    health = Health()
    front = Front(health)
    front.open(PlainTextResponse("from the application"))
    assert "connection" not in (await ask(front, "/api/v1/requests")).headers
    health.draining = True
    answer = await ask(front, "/api/v1/requests")
    assert (answer.text, answer.headers["connection"]) == ("from the application", "close")
    assert (await ask(front, "/readyz")).status_code == 503


async def test_it_is_not_ready_before_the_issuers_keys_are_known() -> None:
    known = [False]
    front = Front(Health(), ready=lambda: known[0])
    front.open(PlainTextResponse("ready"))
    assert (await ask(front, "/readyz")).status_code == 503
    known[0] = True
    assert (await ask(front, "/readyz")).text == "ready"
