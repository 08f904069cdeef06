"""The benchmarks run and say what the contract promises; how fast they found it is nobody's test."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from hotline_chassis.testing.kafka import LocalBroker
from tests.load import bench, bench_card, bench_consumer, bench_relay
from tests.load.broker import Broker

KEYS = ["row", "what", "floor", "ours", "ratio", "unit", "pass", "aim", "passed"]


def insist_on_rows(rows: bench.Rows, *names: str) -> None:
    assert [row["row"] for row in rows] == list(names)
    for row in rows:
        assert list(row) == KEYS
        assert row["what"]
        assert row["unit"]
        assert all(isinstance(row[key], int | float) for key in ("floor", "ours", "ratio", "pass", "aim"))
        assert row["floor"] > 0
        assert row["ours"] > 0
        passed = row["ratio"] <= row["pass"] if row["row"] in bench.AT_MOST else row["ratio"] >= row["pass"]
        assert row["passed"] == passed


@pytest.fixture
def broker(local_broker: LocalBroker) -> Broker:
    return Broker(local_broker.folder, local_broker.start())


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_the_relay_is_measured_against_a_producer_alone(broker: Broker) -> None:
    insist_on_rows(await bench_relay.rows(broker, bench_relay.Size(rounds=1, tickets=20)), "P2")


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_the_consumer_is_measured_against_reading_alone(broker: Broker) -> None:
    insist_on_rows(await bench_consumer.rows(broker, bench_consumer.Size(rounds=1, tickets=20)), "P3")


def test_cards_are_compared_with_the_answers_of_the_same_requests() -> None:
    answered = [[0.004, 0.005, 0.006], [0.005, 0.005, 0.005]]
    visible = [[0.010, 0.015, 0.020], [0.015, 0.015, 0.050]]
    rows = bench_card.compared(answered, visible)
    insist_on_rows(rows, "P8", "P8a")
    assert [row["ratio"] for row in rows] == pytest.approx(
        [3, 2]
    )  # medians; the slowest of all against 25 ms


async def test_without_java_the_rows_on_kafka_are_left_out_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    said = StringIO()
    assert await bench.measure(["bench_relay"], Console(file=said, width=200)) == []
    assert "No rows on Kafka (P2, P3, P8, P9)" in said.getvalue()
