"""Every import contract was seen to fail: each wrong edit is made in a copy of the sources."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .source_tree import ROOT

CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CONTRACTS = {contract["id"]: contract for contract in CONFIG["importlinter"]["contracts"]}
SOURCES = [Path(folder) for folder in CONFIG["mypy"]["mypy_path"].split(":")]

WRONG_EDITS = [
    pytest.param("tiers", "sla_svc/main", "import routing_svc.main", id="service-imports-service"),
    pytest.param("tiers", "hotline_chassis/wrong", "import sla_svc.main", id="chassis-imports-service"),
    pytest.param("tiers", "hotline_worktime/wrong", "import hotline_contracts.ids", id="worktime-contracts"),
    pytest.param("tiers", "hotline_chassis/wrong", "import gateway.main", id="library-imports-gateway"),
    pytest.param("tiers", "gateway/wrong", "import intake_svc.main", id="gateway-imports-service"),
    pytest.param("tiers", "gateway/wrong", "import hotline_local.machine", id="gateway-imports-the-top"),
    pytest.param(
        "rings", "sla_svc/application/wrong", "import sla_svc.adapters.tables", id="use-case-imports-adapter"
    ),
    pytest.param(
        "rings", "sla_svc/entrypoints/wrong", "import sla_svc.adapters.tables", id="route-imports-adapter"
    ),
    pytest.param(
        "rings",
        "routing_svc/adapters/wrong",
        "import routing_svc.entrypoints.http",
        id="adapter-imports-route",
    ),
    pytest.param("rings", "intake_svc/utils/__init__", "", id="stray-utils"),
    pytest.param("rings", "routing_svc/helpers", "", id="stray-helpers"),
    pytest.param("pure-domain", "sla_svc/domain/wrong", "import sqlalchemy", id="domain-imports-sqlalchemy"),
    pytest.param("pure-domain", "sla_svc/domain/wrong", "import asyncio", id="domain-waits"),
    pytest.param(
        "pure-domain", "routing_svc/domain/wrong", "import hotline_chassis.clocks", id="domain-reads-a-clock"
    ),
    pytest.param("pure-domain", "hotline_contracts/wrong", "import fastapi", id="contracts-import-fastapi"),
    pytest.param("plain-domain", "sla_svc/domain/wrong", "import pydantic", id="domain-imports-pydantic"),
    pytest.param(
        "domain-off-the-wire",
        "sla_svc/domain/wrong",
        "from hotline_contracts.events import sla",
        id="domain-imports-events",
    ),
    pytest.param(
        "use-cases-on-ports",
        "routing_svc/application/wrong",
        "import hotline_chassis.tables",
        id="use-case-imports-the-outbox-table",
    ),
    pytest.param(
        "use-cases-on-ports", "intake_svc/application/wrong", "import asyncpg", id="use-case-imports-driver"
    ),
    pytest.param(
        "drivers-in-adapters", "sla_svc/entrypoints/wrong", "import sqlalchemy", id="route-builds-a-statement"
    ),
    pytest.param(
        "product-without-tests",
        "hotline_local/wrong",
        "import hotline_chassis.testing.postgres",
        id="product-imports-test-fixtures",
    ),
]


def copy_of_the_sources(folder: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", folder)
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_sources(tmp_path_factory.mktemp("wrong edits"))


def lint(copy: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", *options]
    path = os.pathsep.join(str(copy / source) for source in SOURCES)
    return subprocess.run(
        ["env", f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1", *command],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def source_of(copy: Path, module: str) -> Path:
    """File of ``package/…/module`` in the copy."""
    package = module.partition("/")[0]
    source = next(folder for folder in SOURCES if (copy / folder / package).is_dir())
    return copy / source / f"{module}.py"


def test_the_sources_as_they_are_keep_every_contract(copy: Path) -> None:
    linted = lint(copy)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in linted.stdout


@pytest.mark.parametrize(("contract", "module", "line"), WRONG_EDITS)
def test_a_wrong_edit_breaks_the_contract_that_names_it(
    copy: Path, contract: str, module: str, line: str
) -> None:
    file = source_of(copy, module)
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        linted = lint(copy, "--contract", contract)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, encoding="utf-8")
        if file.name == "__init__.py" and before is None:
            file.parent.rmdir()
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "1 broken" in linted.stdout


def test_every_contract_has_a_wrong_edit_that_breaks_it() -> None:
    assert {edit.values[0] for edit in WRONG_EDITS} == set(CONTRACTS)


def test_every_package_of_the_workspace_is_under_the_contracts() -> None:
    packages = {entry.name for source in SOURCES for entry in (ROOT / source).iterdir() if entry.is_dir()}
    ours = {package for package in packages if not package.endswith((".egg-info", "__pycache__"))}
    assert ours == set(CONFIG["importlinter"]["root_packages"])
