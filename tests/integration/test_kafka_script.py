"""What deploy/kafka/kafka.sh promises where no broker of ours runs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline_chassis.testing.kafka import UNAVAILABLE, run_script


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_stopping_never_ends_a_process_that_took_over_the_pid(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "pid").write_text(f"{stranger.pid}\n")
    assert run_script("stop", tmp_path).returncode == 0
    assert stranger.poll() is None
    assert run_script("address", tmp_path).returncode == 1


def test_a_missing_java_is_said_and_told_apart_from_a_failure(tmp_path: Path) -> None:
    refused = run_script("start", tmp_path, java_home="/nowhere")
    assert refused.returncode == UNAVAILABLE
    assert "Java 17" in refused.stderr
    assert refused.stdout == ""
