"""The production layout: real processes, a real PostgreSQL, a real broker. Each may be killed, all end in order."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from tests.load.production_layout import (
    LayoutProcess,
    ProductionLayout,
    namespaced,
    production_layout,
    until,
)

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka"), pytest.mark.timeout(900)]

UNIT = "520402"
NAMESPACE = f"p{uuid4().hex[:8]}."
AS_IF_THE_LIMIT_WERE_SHORT = """
UPDATE clocks SET warn_at = started_at + interval '1 microsecond', due_at = started_at + interval '2 microseconds',
  next_transition_at = started_at + interval '1 microsecond'
WHERE ticket_id = $1 AND duty = 'sign' AND state = 'running'
"""


@pytest.fixture(scope="module")
async def layout(
    postgres_server: EmbeddedPostgres, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ProductionLayout]:
    folder = tmp_path_factory.mktemp("layout")
    async with production_layout(postgres_server, kafka_bootstrap, folder, namespace=NAMESPACE) as running:
        async with running.client() as client:
            unit = {"code": UNIT, "name": "西秀区", "group": "county"}
            put = await client.put(f"/api/v1/units/{UNIT}", json=unit, headers=running.token("admin"))
            assert put.status_code == 200, put.text
        yield running


async def accepted(layout: ProductionLayout, client: httpx.AsyncClient) -> str:
    """A new ticket's id."""
    body = {"channel": "phone", "type": "help", "subject": "路灯不亮", "description": "门口的路灯三天不亮。"}
    answer = await client.post("/api/v1/requests", json=body, headers=layout.token("agent"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket_id"])


async def act(layout: ProductionLayout, client: httpx.AsyncClient, ticket: str, action: str) -> None:
    body, headers = {
        "dispatch": ({"lead": UNIT}, layout.token("dispatcher")),
        "sign": (None, layout.token("unit_handler", unit=UNIT)),
    }[action]
    answer = await client.post(f"/api/v1/tickets/{ticket}/{action}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def clock(
    layout: ProductionLayout, client: httpx.AsyncClient, ticket: str, duty: str
) -> tuple[Any, Any]:
    """State and card; (None, None) while there is no such clock."""
    answer = await client.get(f"/api/v1/tickets/{ticket}/clocks", headers=layout.token("auditor"))
    items = answer.json()["items"] if answer.status_code == 200 else []
    return next(((item["state"], item["card"]) for item in items if item["duty"] == duty), (None, None))


async def until_clock(
    layout: ProductionLayout, client: httpx.AsyncClient, ticket: str, duty: str, state: str
) -> str:
    """Wait for a clock to be in a state; its card."""

    async def is_so() -> bool:
        found, _ = await clock(layout, client, ticket, duty)
        return bool(found == state)

    await until(f"{duty} is {state}", is_so, 60)
    return str((await clock(layout, client, ticket, duty))[1])


async def a_life(layout: ProductionLayout) -> None:
    """From a request to a signature in time: through intake, routing and sla, both ways over the bus."""
    async with layout.client() as client:
        ticket = await accepted(layout, client)
        await act(layout, client, ticket, "dispatch")
        await until_clock(layout, client, ticket, "sign", "running")
        await act(layout, client, ticket, "sign")
        assert await until_clock(layout, client, ticket, "sign", "met") == "green"


async def test_a_ticket_lives_across_all_processes(layout: ProductionLayout) -> None:
    await a_life(layout)


async def test_an_id_may_be_used_at_once_though_its_fact_is_still_on_its_way(
    layout: ProductionLayout,
) -> None:
    async with layout.client() as client:
        for _ in range(5):
            ticket = await accepted(layout, client)
            answer = await client.get(f"/api/v1/tickets/{ticket}", headers=layout.token("dispatcher"))
            assert answer.status_code == 200


async def test_deadlines_pass_in_the_process_of_the_timer(
    layout: ProductionLayout, postgres_server: EmbeddedPostgres
) -> None:
    """The watermark comes from routing's relay over the broker, what was applied from sla's consumer."""
    async with layout.client() as client:
        ticket = await accepted(layout, client)
        await act(layout, client, ticket, "dispatch")
        await until_clock(layout, client, ticket, "sign", "running")
        await postgres_execute(postgres_server, "sla", AS_IF_THE_LIMIT_WERE_SHORT, ticket)

        async def is_red() -> bool:
            _, card = await clock(layout, client, ticket, "sign")
            return bool(card == "red")

        await until("the card is red", is_red, 60)


async def postgres_execute(server: EmbeddedPostgres, service: str, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(**server.dsn(namespaced(NAMESPACE, service)))
    await connection.execute(statement, *values)
    await connection.close()


@pytest.mark.parametrize(
    ("service", "role"),
    [
        ("intake", "serve"),
        ("intake", "relay"),
        ("routing", "serve"),
        ("routing", "consume"),
        ("sla", "tick"),
        ("sla", "consume"),
        ("gateway", "serve"),
    ],
)
async def test_a_killed_process_is_back_at_work_when_it_is_started_again(
    layout: ProductionLayout, service: str, role: str
) -> None:
    process = layout.processes[service, role]
    await process.kill()
    await process.start()
    await process.until_ready()
    await a_life(layout)


async def test_what_was_accepted_while_relay_and_consumers_were_dead_arrives_when_they_are_back(
    layout: ProductionLayout,
) -> None:
    dead = [
        layout.processes[place] for place in (("intake", "relay"), ("routing", "consume"), ("sla", "consume"))
    ]
    await asyncio.gather(*(process.kill() for process in dead))
    async with layout.client() as client:
        tickets = [await accepted(layout, client) for _ in range(20)]
        for process in dead:
            await process.start()

        async def all_there() -> bool:
            headers = layout.token("dispatcher")
            answers = [await client.get(f"/api/v1/tickets/{t}", headers=headers) for t in tickets]
            return all(answer.status_code == 200 for answer in answers)

        await until("all tickets are there", all_there, 120)


async def test_a_service_that_is_away_is_a_problem_in_chinese_and_leaves_the_others_ready(
    layout: ProductionLayout,
) -> None:
    process = layout.processes["sla", "serve"]
    await process.kill()
    async with layout.client() as client:
        answer = await client.get("/api/v1/cards", headers=layout.token("auditor"))
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "服务暂不可用，请稍后再试。"
        assert (await client.get("/dev/clock")).status_code == 404

        async def only_sla_is_not_ready() -> bool:
            ready = await client.get("/readyz")
            away = [name for name, there in ready.json()["services"].items() if not there]
            return ready.status_code == 200 and away == ["sla"]

        await until("the gateway names the one that is away", only_sla_is_not_ready, 30)
    await process.start()
    await process.until_ready()


async def test_the_joined_document_has_the_paths_of_every_service(layout: ProductionLayout) -> None:
    async with layout.client() as client:
        document = (await client.get("/openapi.json")).json()
    paths = {"/api/v1/requests", "/api/v1/tickets/{ticket}", "/api/v1/cards", "/api/v1/follow-ups"}
    assert paths <= {path.replace("ticket_id", "ticket") for path in document["paths"]}
    assert not [path for path in document["paths"] if path.startswith("/dev")]


async def test_a_second_relay_stands_by_ready_and_takes_over(layout: ProductionLayout) -> None:
    second = await layout.start_another("intake", "relay")
    await second.until_ready()
    assert (await second.probe("/readyz"))[1] == {"ready": True, "standby": True}
    await layout.processes["intake", "relay"].kill()

    async def took_over() -> bool:
        _, answer = await second.probe("/readyz")
        return bool(answer == {"ready": True, "standby": False})

    await until("the second relay has the lock", took_over, 30)
    await a_life(layout)
    await layout.processes["intake", "relay"].start()


async def test_migrating_again_by_several_at_once_changes_nothing(layout: ProductionLayout) -> None:
    await layout.migrate("sla", "sla", "intake", "intake")
    await a_life(layout)


async def test_a_process_without_its_keys_does_not_start(layout: ProductionLayout) -> None:
    process = layout.process("intake", "relay")
    process.environment = {**process.environment, "HOTLINE_MASTER_KEYS_DIR": str(layout.folder / "nowhere")}
    await process.start()
    assert process.process is not None
    assert await process.process.wait() == 2
    assert "nowhere" in process.tail()


async def test_every_process_ends_within_ten_seconds_of_sigterm_with_0(layout: ProductionLayout) -> None:
    running = [*layout.processes.values(), *layout.replicas]
    ends = await asyncio.gather(*(_end_in_time(process) for process in running))
    assert {code for _, code in ends} == {0}, ends


async def _end_in_time(process: LayoutProcess) -> tuple[str, int | None]:
    async with asyncio.timeout(10):
        return f"{process.package} {process.role}", await process.end()
