"""What shares a broker, or breaks something, runs in one worker; nothing tells when that stops to work."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest
from pathlib import Path

@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("kind", ["free", pytest.param("bound", marks=pytest.mark.xdist_group("one"))])
def test_where(kind, number, worker_id):
    Path(f"{kind}-{number}").write_text(worker_id)
"""


def test_a_group_is_not_split_over_workers(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(TESTS, encoding="utf-8")
    options = ["-n", "2", "--dist", "loadgroup", "-p", "hotline_chassis.testing.worker_groups"]
    subprocess.run([sys.executable, "-m", "pytest", "-q", *options], cwd=tmp_path, check=True, timeout=100)
    where = {kind: {file.read_text() for file in tmp_path.glob(f"{kind}-*")} for kind in ("free", "bound")}
    assert len(where["bound"]) == 1
    assert len(where["free"] | where["bound"]) == 2


@pytest.mark.parametrize("plugin", ["kafka", "postgres", "worker_groups"])
def test_every_run_has_the_shared_fixtures(plugin: str, request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin(f"hotline_chassis.testing.{plugin}")
