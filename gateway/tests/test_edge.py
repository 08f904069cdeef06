"""The one address: who answers what, and what the gateway answers by itself."""

import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.main import TAGS, Gateway, build
from gateway.routes import service_of
from hotline_chassis.clocks import RealTime
from hotline_chassis.web.dev_issuer import DevIssuer

TICKET = "/api/v1/tickets/20260201-000017"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/requests", "intake"),
        ("/api/v1/requests/x/decline", "intake"),
        ("/api/v1/categories", "intake"),
        ("/api/v1/tickets", "routing"),
        (TICKET, "routing"),
        (f"{TICKET}/reply/approve", "routing"),
        (f"{TICKET}/history", "routing"),
        (f"{TICKET}/clocks", "sla"),
        ("/api/v1/units/520402", "routing"),
        ("/api/v1/directory", "routing"),
        ("/api/v1/clocks", "sla"),
        ("/api/v1/cards", "sla"),
        ("/api/v1/deadlines", "sla"),
        ("/api/v1/policies", "sla"),
        ("/api/v1/calendars/2026", "sla"),
        ("/api/v1/ticketsx", None),
        ("/api/v1", None),
        ("/dev/token", None),
        ("/", None),
    ],
)
def test_each_path_has_one_owner(path: str, service: str | None) -> None:
    assert service_of(path) == service


@pytest.fixture
def edge(tmp_path: Path) -> Gateway:
    async def ready() -> bool:
        return True

    return build(
        {}, verifier=DevIssuer(tmp_path, RealTime()).verifier(), system_clock=RealTime(), ready=ready
    )


async def ask(app: Gateway, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge") as client:
        return await client.request(method, path)


async def test_a_services_request_reaches_it_unchanged() -> None:
    seen: list[str] = []

    async def intake(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}")
        await PlainTextResponse("from intake")(scope, receive, send)

    app = Gateway({"intake": intake}, PlainTextResponse("own"))
    answer = await ask(app, "POST", "/api/v1/requests?x=%2B")
    assert answer.text == "from intake"
    assert seen == ["POST /api/v1/requests?x=%2B"]


async def test_dev_paths_do_not_exist_without_dev_mode(edge: Gateway) -> None:
    for method, path in [("POST", "/dev/token"), ("GET", "/dev/clock"), ("POST", "/dev/settle")]:
        answer = await ask(edge, method, path)
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:hotline:problem:not-found"


async def test_the_documentation_page_needs_nobody_elses_server(edge: Gateway) -> None:
    page = await ask(edge, "GET", "/docs")
    assert page.status_code == 200
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)
    for asset in re.findall(r"(?:src|href)=\"(/[^\"]+)\"", page.text):
        assert (await ask(edge, "GET", asset)).status_code == 200, asset


async def test_health_is_answered_by_the_gateway(edge: Gateway) -> None:
    assert (await ask(edge, "GET", "/livez")).status_code == 200
    assert (await ask(edge, "GET", "/readyz")).status_code == 200


def test_every_heading_of_the_documentation_is_explained_in_chinese() -> None:
    document = json.loads(Path("tests/contracts/snapshots/openapi.json").read_text("utf-8"))
    used = {
        tag for methods in document["paths"].values() for call in methods.values() for tag in call["tags"]
    }
    assert used == TAGS.keys()
