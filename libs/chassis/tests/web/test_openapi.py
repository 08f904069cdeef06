"""The document says every answer there is, and schemathesis finds no other."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database
from hotline_chassis.web.app import create_service_app
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.values import ROLES

from .conftest import Sample, router

METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_frameworks_own_422_stands_nowhere(sample: Sample) -> None:
    assert "HTTPValidationError" not in str(sample.app.openapi())


def test_every_operation_names_its_roles_and_the_answers_that_follow_from_them(sample: Sample) -> None:
    for name, operation in operations(sample.app.openapi()).items():
        answers, roles = set(operation["responses"]), operation["x-roles"]
        assert "422" in answers
        assert ({"401", "403"} <= answers) == bool(roles), name
        assert ("security" in operation) == bool(roles), name
        if not name.startswith("GET"):
            assert {"400", "409", "413", "415"} <= answers, name
            assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]], name


def test_declared_refusals_stand_in_the_document_under_their_status(sample: Sample) -> None:
    found = operations(sample.app.openapi())
    sign = found["POST /api/v1/items/{item_id}/sign"]["responses"]
    assert "not-allowed-in-state" in sign["409"]["description"]
    assert "idempotency-in-progress" in sign["409"]["description"]
    assert set(sign["404"]["content"]) == {"application/problem+json"}
    assert "stale-version" in found["PUT /api/v1/items/{item_id}"]["responses"]["412"]["description"]


def test_every_reference_of_the_document_leads_somewhere(sample: Sample) -> None:
    document = sample.app.openapi()

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                found: Any = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for inner in node.values():
                follow(inner)
        elif isinstance(node, list):
            for inner in node:
                follow(inner)

    follow(document)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.fixture
async def address(database: Database, issuer: DevIssuer) -> AsyncIterator[str]:
    """The sample service on a free port of the loopback."""
    app = create_service_app(
        "sample",
        [router],
        database=database,
        verifier=issuer.verifier(),
        system_clock=RealTime(),
        master_keys=MasterKeys({"1": bytes(32)}, "1", bytes(32)),
        access_log=False,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    address: str, issuer: DevIssuer, tmp_path: Path
) -> None:
    token = issuer.issue(sorted(ROLES), unit="520400-D01")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{address}/openapi.json",
        "--header",
        f"Authorization: Bearer {token}",
        "--phases=coverage,fuzzing",
        "--exclude-checks=positive_data_acceptance",  # a cursor, a key or a version can be well-formed and wrong
        "--max-examples=4",
        "--seed=1",
        "--no-color",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
