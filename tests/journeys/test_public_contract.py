"""The joined OpenAPI document against the running system: nothing undocumented, no server error."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.faults.running_system import RunningSystem, token

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
UNIT = "520402"


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("public-contract")
async def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(tmp_path: Path) -> None:
    system = RunningSystem(tmp_path / "data", clock="2026-02-13T08:00:00+08:00")
    await system.start()
    try:
        async with system.client() as client:
            everybody = await token(
                client, "admin", "agent", "dispatcher", "reviewer", "auditor", "unit_handler", unit=UNIT
            )
            unit = {"code": UNIT, "name": "西秀区", "group": "county"}
            assert (await client.put(f"/api/v1/units/{UNIT}", json=unit, headers=everybody)).is_success
        process = await asyncio.create_subprocess_exec(
            str(SCHEMATHESIS), "run", f"{system.base_url}/openapi.json",
            "--header", f"Authorization:{everybody['Authorization']}",
            "--checks", ",".join(CHECKS),
            "--phases", "coverage,fuzzing,stateful",
            "--max-examples", "8",
            "--seed", "5204",
            "--suppress-health-check", "all",
            "--continue-on-failure",
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
        )  # fmt: skip
        said, _ = await process.communicate()
    finally:
        await system.stop()
    report = said.decode()
    assert process.returncode == 0, report[-6000:]
    assert not re.search(r"\b0 passed", report), "ten is not none"
    assert "generated" in report


@pytest.mark.xdist_group("public-contract")
async def test_every_documented_path_reaches_its_service(tmp_path: Path) -> None:
    """A path that is in the document but not in the gateway's table would be answered by nobody."""
    from gateway.routes import service_of

    system = RunningSystem(tmp_path / "data")
    await system.start()
    try:
        async with system.client() as client:
            document = (await client.get("/openapi.json")).json()
            page = await client.get("/docs")
    finally:
        await system.stop()
    api = [path for path in document["paths"] if path.startswith("/api/")]
    assert len(api) > 20
    assert [path for path in api if service_of(path.replace("{", "x").replace("}", "")) is None] == []
    assert page.status_code == 200
