"""A real Kafka broker for the tests of one process, in a folder of its own: the one of `make kafka` stays untouched.

Registered for every test by the repository's own `conftest.py`. Tests that use it carry the mark `kafka` and
`xdist_group("kafka")`, so that one broker serves them all.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[5]
SCRIPT = ROOT / "deploy/kafka/kafka.sh"
UNAVAILABLE = 69
SCRIPT_WITHIN_S = 280


def run_script(*arguments: str | Path, java_home: str | None = None) -> subprocess.CompletedProcess[str]:
    setting = [] if java_home is None else [f"JAVA_HOME={java_home}"]
    return subprocess.run(  # noqa: S603 - our own script
        ["/usr/bin/env", *setting, SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=SCRIPT_WITHIN_S,
        check=False,
    )


@dataclass(frozen=True)
class LocalBroker:
    folder: Path

    def start(self) -> str:
        """Start it, over the data of before if there are any, and wait until it serves: its `host:port`."""
        started = run_script("start", self.folder)
        if started.returncode == UNAVAILABLE:
            report_missing(started.stderr.strip())
        if started.returncode != 0:
            pytest.fail(started.stderr)
        return started.stdout.strip()

    def stop(self) -> None:
        stopped = run_script("stop", self.folder)
        if stopped.returncode != 0:
            pytest.fail(stopped.stderr)

    def pid(self) -> int:
        return int((self.folder / "pid").read_text())


def report_missing(reason: str) -> None:
    """Skip on a laptop; in CI a test that could not run is a failure."""
    if os.getenv("CI") == "true":
        pytest.fail(reason)
    pytest.skip(f"needs a real Kafka broker: {reason}")


@pytest.fixture(scope="session")
def local_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """A running broker that the test may also end hard."""
    broker = LocalBroker(tmp_path_factory.mktemp("kafka broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """`host:port` of the broker in KAFKA_BOOTSTRAP, else of a local one."""
    given = os.getenv("KAFKA_BOOTSTRAP")
    if given:
        return given
    broker: LocalBroker = request.getfixturevalue("local_broker")
    return broker.start()
