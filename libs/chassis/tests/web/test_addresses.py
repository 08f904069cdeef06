"""Paths, methods, health and traces."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hotline_chassis.clocks import RealTime
from hotline_chassis.database import Database
from hotline_chassis.tracing import current_trace
from hotline_chassis.web.app import create_service_app
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_chassis.web.routes import PUBLIC, WorkRouter
from hotline_chassis.web.strict_body import parse_body, read_body
from hotline_chassis.web.work import authenticate
from hotline_contracts.problems import NotFound

from .conftest import Sample, problem_of, router


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/items", "GET, POST"),
        ("PATCH", "/api/v1/items/7", "GET, PUT"),
        ("GET", "/api/v1/explodes", "POST"),
        ("POST", "/livez", "GET, HEAD"),
    ],
)
async def test_405_names_every_method_of_the_path(
    sample: Sample, method: str, path: str, allowed: str
) -> None:
    answer = await sample.client.request(method, path)
    problem_of(answer, "method-not-allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/items/", "/docs", "/redoc", "/api/v1/items/a/b"])
async def test_an_unknown_path_is_a_404_and_not_a_redirect(sample: Sample, path: str) -> None:
    problem_of(await sample.client.get(path), "not-found")


async def test_nobody_is_allowed_from_another_origin(sample: Sample) -> None:
    answer = await sample.client.get("/api/v1/open", headers={"origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_health_is_told_without_a_token(sample: Sample) -> None:
    assert (await sample.client.get("/livez")).json() == {"live": True}
    assert (await sample.client.get("/readyz")).json() == {"ready": True}


async def test_not_ready_is_a_503_while_alive(database: Database, issuer: DevIssuer) -> None:
    state = {"ready": False}

    async def ready() -> bool:
        return state["ready"]

    app = create_service_app(
        "sample", [], database=database, verifier=issuer.verifier(), system_clock=RealTime(), ready=ready
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        problem_of(await client.get("/readyz"), "unavailable")
        assert (await client.get("/livez")).status_code == 200
        state["ready"] = True
        assert (await client.get("/readyz")).status_code == 200
        await database.close()
        problem_of(await client.get("/readyz"), "unavailable")


async def test_an_app_without_a_database_serves_and_says_when_it_is_asked_for_one(issuer: DevIssuer) -> None:
    app = create_service_app(
        "edge", [router], database=None, verifier=issuer.verifier(), system_clock=RealTime()
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get("/api/v1/open")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        token = {"authorization": f"Bearer {issuer.issue(['auditor'])}"}
        problem_of(await client.get("/api/v1/items", headers=token), "internal-error")


async def raw(request: Request) -> Response:
    caller = await authenticate(request)
    value = parse_body(await read_body(request))
    if value == {}:
        raise NotFound("没有这一项。")
    trace = current_trace()
    assert trace is not None
    return JSONResponse({"sub": caller.sub, "value": value, "trace": trace.trace_id})


@pytest.fixture
async def raw_client(issuer: DevIssuer):  # type: ignore[no-untyped-def]
    app = create_service_app(
        "raw",
        [],
        database=None,
        verifier=issuer.verifier(),
        system_clock=RealTime(),
        raw_routes=[Route("/raw", raw, methods=["POST"])],
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        yield client


async def test_a_raw_route_answers_as_the_others_do(raw_client: httpx.AsyncClient, issuer: DevIssuer) -> None:
    token = {"authorization": f"Bearer {issuer.issue(['agent'], sub='zhang')}"}
    assert (await raw_client.post("/raw", json=[1], headers=token)).json()["value"] == [1]
    problem_of(await raw_client.post("/raw", json=[1]), "unauthenticated")
    problem_of(await raw_client.post("/raw", content=b"{", headers=token), "malformed-body")
    problem_of(await raw_client.post("/raw", content=b'["\\ud800"]', headers=token), "invalid-input")
    problem_of(await raw_client.post("/raw", content=b" " * 300_000, headers=token), "body-too-large")
    problem_of(await raw_client.post("/raw", json={}, headers=token), "not-found")
    problem_of(await raw_client.get("/raw"), "method-not-allowed")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("nonsense\x00", False),
    ],
)
async def test_the_callers_trace_goes_on(
    raw_client: httpx.AsyncClient, issuer: DevIssuer, sent: str, kept: bool
) -> None:
    headers = {"authorization": f"Bearer {issuer.issue(['agent'])}", "traceparent": sent}
    answer = await raw_client.post("/raw", json=[1], headers=headers)
    trace_id = answer.json()["trace"]
    assert (trace_id == sent[3:35]) is kept
    assert len(trace_id) == 32


def test_a_route_must_name_roles_that_exist() -> None:
    with pytest.raises(ValueError, match="king"):
        WorkRouter().get("/x", roles=["king"])
    assert not PUBLIC
