"""A broker belongs to one data directory: what may take it, what is refused, and how to begin anew."""

import socket
from pathlib import Path
from uuid import uuid4

import pytest

from hotline_chassis.bus.kafka import BelongsElsewhere, KafkaBus
from hotline_chassis.bus.port import BusUnavailable
from hotline_chassis.clocks import RealTime
from hotline_chassis.testing.kafka import LocalBroker
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.problems import Unavailable
from hotline_local.audit import LogUnreachable, audit
from hotline_local.buses import BusChoice, BusRemembered, FactsGone, KafkaUnreachable
from hotline_local.dev_system import LocalDevSystem
from hotline_local.errors import FORESEEN
from hotline_local.machine import running_machine
from hotline_local.reset import delete_data

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.xdist_group("kafka")]


@pytest.fixture
def choice(kafka_bootstrap: str) -> BusChoice:
    return BusChoice(kafka_bootstrap, f"{uuid4().hex[:8]}.")


def nobody_there() -> BusChoice:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return BusChoice(f"127.0.0.1:{port}")


async def start_once(data_dir: Path, choice: BusChoice | None) -> None:
    async with running_machine(data_dir, bus=choice) as machine:
        await machine.drain()


async def test_after_a_reset_the_same_broker_is_used_again(tmp_path: Path, choice: BusChoice) -> None:
    await start_once(tmp_path, choice)
    await delete_data(tmp_path)
    await start_once(tmp_path, choice)
    assert (await audit(tmp_path))["violations"] == []


async def test_a_reset_leaves_the_topics_of_others_alone(tmp_path: Path, choice: BusChoice) -> None:
    await start_once(tmp_path / "ours", choice)
    with pytest.raises(BelongsElsewhere, match="另一个数据目录"):
        await start_once(tmp_path / "late", choice)
    await delete_data(tmp_path / "late")
    await start_once(tmp_path / "ours", choice)
    assert (await audit(tmp_path / "ours"))["violations"] == []


async def test_a_broker_that_was_emptied_is_not_taken_for_a_new_one(
    tmp_path: Path, choice: BusChoice
) -> None:
    await start_once(tmp_path, choice)
    bus = await KafkaBus.connect(str(choice.kafka), RealTime(), namespace=choice.namespace)
    await bus.delete_all(PARTITIONS)
    await bus.close()
    with pytest.raises(FactsGone):
        await start_once(tmp_path, choice)
    with pytest.raises(LogUnreachable, match="没有主题"):
        await audit(tmp_path)
    await delete_data(tmp_path)
    await start_once(tmp_path, choice)


async def test_a_start_that_no_broker_took_does_not_bind_the_directory_to_one(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnreachable):
        await start_once(tmp_path, nobody_there())
    await start_once(tmp_path, None)
    with pytest.raises(BusRemembered):
        await start_once(tmp_path, nobody_there())


async def test_a_broker_that_is_away_is_told_and_its_facts_are_not_forgotten(
    tmp_path: Path, local_broker: LocalBroker
) -> None:
    choice = BusChoice(local_broker.start(), f"{uuid4().hex[:8]}.")
    try:
        async with running_machine(tmp_path, bus=choice) as machine:
            await machine.drain()
            local_broker.stop()
            with pytest.raises(Unavailable):
                await LocalDevSystem(machine).settle()
            with pytest.raises(LogUnreachable, match="没有回答"):
                await audit(tmp_path)
        with pytest.raises(KafkaUnreachable, match="什么都没有删除"):
            await delete_data(tmp_path)
        assert (tmp_path / "postgres").exists()
        await delete_data(tmp_path, keep_kafka=True)
        assert not (tmp_path / "postgres").exists()
    finally:
        local_broker.start()


def test_what_is_foreseen_ends_a_command_with_one_line() -> None:
    assert {BelongsElsewhere, BusUnavailable, FactsGone, KafkaUnreachable, LogUnreachable} <= set(FORESEEN)
