"""``hotline reset``: delete what ``up`` and ``replay`` made, unless a process runs on it."""

import shutil
from pathlib import Path

import asyncpg

from hotline_chassis.bus.port import BusUnavailable
from hotline_chassis.clocks import RealTime
from hotline_chassis.consumer import dlq_topic
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_contracts.events.registry import PARTITIONS
from hotline_local.buses import BusChoice, KafkaUnreachable
from hotline_local.instance import DATABASE, Instance, Remembered

MADE_BY_US = ("postgres", "keys", "replay", "hotline.log", "bench.json")


async def delete_data(data_dir: Path, *, keep_kafka: bool = False) -> None:
    """Delete our own files and folders of a data directory, and its topics on Kafka; others stay.

    Args:
        data_dir: of ``up`` and ``replay``.
        keep_kafka: leave the topics where they are; no other data directory can use them then.

    Raises:
        DataDirectoryInUse: a process runs on it.
        KafkaUnreachable: its topics could not be deleted, so nothing was.
    """
    for folder in (data_dir, data_dir / "replay"):
        if (folder / "postgres").exists():
            # Taking the lock also adopts and stops a server that a killed process left behind.
            postgres = EmbeddedPostgres(folder / "postgres")
            await postgres.start()
            try:
                if not keep_kafka:
                    await _delete_topics(await _remembered(postgres))
            finally:
                await postgres.stop()
    for name in MADE_BY_US:
        path = data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


async def _remembered(postgres: EmbeddedPostgres) -> Remembered | None:
    try:
        instance = await Instance.open(postgres.dsn(DATABASE))
    except asyncpg.InvalidCatalogNameError:
        return None  # a start that was cut short
    try:
        return await instance.remembered()
    finally:
        await instance.close()


async def _delete_topics(remembered: Remembered | None) -> None:
    """The topics of the instance's own bus; those of a bus that others have taken meanwhile are theirs."""
    if remembered is None or not remembered.bound or remembered.bus.kafka is None:
        return
    from hotline_chassis.bus.kafka import KafkaBus

    choice: BusChoice = remembered.bus
    try:
        bus = await KafkaBus.connect(remembered.bus.kafka, RealTime(), namespace=choice.namespace)
        try:
            if await bus.instance_id() == remembered.instance_id:
                await bus.delete_all([*PARTITIONS, *map(dlq_topic, PARTITIONS)])
        finally:
            await bus.close()
    except BusUnavailable as refused:
        raise KafkaUnreachable(
            f"该数据目录的事件在 Kafka（{choice.kafka}）上，它没有回答，什么都没有删除。"
            "先启动它（本机的用 make kafka）；它已不在了，就加 --keep-kafka。"
        ) from refused
