"""Stamps, announcements and commits."""

from datetime import timedelta

import asyncpg
import pytest

from hotline_chassis.database import CommitFailed

from .conftest import NOON, Plant

MICROSECOND = timedelta(microseconds=1)


async def test_a_stamp_is_the_present_instant_of_the_business_clock(plant: Plant) -> None:
    async with plant.publisher.transaction() as transaction:
        assert await transaction.stamp() == NOON


async def test_a_stamp_lies_after_the_aggregates_last_instant(plant: Plant) -> None:
    async with plant.publisher.transaction() as transaction:
        assert await transaction.stamp(NOON) == NOON + MICROSECOND
        assert await transaction.stamp(NOON + timedelta(hours=1)) == NOON + timedelta(hours=1) + MICROSECOND
        assert await transaction.stamp(NOON - timedelta(hours=1)) == NOON


async def test_a_stamp_is_never_below_a_published_watermark_even_when_this_machines_clock_lags(
    plant: Plant,
) -> None:
    relay = await plant.relay()
    plant.clock.set(NOON + timedelta(minutes=5))
    complete_before = await relay.publish_watermarks()
    await relay.close()
    plant.clock.set(NOON)
    async with plant.publisher.transaction() as transaction:
        assert await transaction.stamp() == complete_before == NOON + timedelta(minutes=5)


async def test_what_a_rolled_back_transaction_announced_never_travels(plant: Plant) -> None:
    with pytest.raises(RuntimeError, match="second thoughts"):
        async with plant.publisher.transaction() as transaction:
            await plant.announce(transaction, 1)
            await transaction.flush()
            raise RuntimeError("second thoughts")
    assert not plant.publisher.outbox_written.raised
    async with plant.publisher.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_commit_that_the_server_turns_into_a_rollback_is_an_error(plant: Plant) -> None:
    with pytest.raises((CommitFailed, asyncpg.PostgresError)):
        async with plant.publisher.transaction() as transaction:
            await plant.announce(transaction, 1)
            with pytest.raises(asyncpg.DivisionByZeroError):
                await transaction.connection.execute("SELECT 1/0")
            transaction._announced.clear()
    async with plant.publisher.reading() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_connection_lost_before_the_commit_stores_nothing_and_raises(plant: Plant) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        async with plant.publisher.transaction() as transaction:
            await plant.announce(transaction, 1)
            await transaction.flush()
            pid = transaction.connection.get_server_pid()
            async with plant.publisher.reading() as other:
                await other.execute("SELECT pg_terminate_backend($1, 2000)", pid)
    async with plant.publisher.reading() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
