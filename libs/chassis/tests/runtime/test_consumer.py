"""The consumer: each effect once, whatever comes twice, late, broken or from a zombie."""

import pytest

from hotline_chassis.bus.port import LogShortened, NewRecord
from hotline_chassis.consumer import dlq_topic
from hotline_chassis.database import Database, unpack_headers
from hotline_chassis.positions import applied_before

from .conftest import NOON, TOPIC, Plant, approved, ticket


async def moved(plant: Plant, *batches: list[int]) -> None:
    relay = await plant.relay()
    for numbers in batches:
        await plant.publish(*numbers)
    await relay.step()
    await relay.close()


async def drained(plant: Plant) -> None:
    consumer = await plant.reader()
    while await consumer.step():
        pass
    await consumer.close()


async def test_facts_are_applied_once_and_in_order(plant: Plant) -> None:
    await moved(plant, [1, 2], [1], [1, 2])
    await drained(plant)
    await drained(plant)
    assert await plant.effects(1) == [1, 2, 3]
    assert await plant.effects(2) == [1, 2]


async def test_a_record_that_the_relay_sent_twice_has_one_effect(plant: Plant) -> None:
    await moved(plant, [1])
    reader = await plant.bus.reader("observer", [TOPIC])
    for partition in reader.assignment():
        reader.seek(partition, 0)
    [record] = await reader.fetch(10, 0)
    await plant.bus.append([NewRecord(record.topic, record.key, record.headers, record.value)] * 2)
    await drained(plant)
    assert await plant.effects(1) == [1]


async def test_a_redelivered_batch_changes_nothing_when_the_group_forgot_its_commit(plant: Plant) -> None:
    await moved(plant, [1, 2, 3])
    consumer = await plant.reader()
    await consumer.step()
    await consumer.close()
    again = await plant.reader()
    assert await again.step() == 0, "PostgreSQL's positions are the authority"
    await again.close()


async def test_an_effect_that_fails_leaves_the_position_and_is_tried_again(plant: Plant) -> None:
    await moved(plant, [1])
    async with plant.consumer.reading() as connection:
        await connection.execute("ALTER TABLE effects RENAME TO elsewhere")
    consumer = await plant.reader()
    with pytest.raises(Exception, match="effects"):
        await consumer.step()
    async with plant.consumer.reading() as connection:
        await connection.execute("ALTER TABLE elsewhere RENAME TO effects")
    assert await consumer.step() == 1
    await consumer.close()
    assert await plant.effects(1) == [1]


async def test_a_zombie_is_fenced_by_the_position_it_did_not_move(plant: Plant) -> None:
    """Both believe to own the partitions: the second one's effects must not be stored twice."""
    await moved(plant, [1])
    zombie = await plant.reader()
    await zombie._seek_new(zombie._joined())
    records = await zombie._joined().fetch(10, 0)
    await drained(plant)
    from hotline_chassis.positions import Fenced

    with pytest.raises(Fenced):
        await zombie._store(records)
    await zombie.close()
    assert await plant.effects(1) == [1]


async def test_poison_parks_its_key_from_there_on_and_others_go_on(plant: Plant) -> None:
    await moved(plant, [1, 2], [1, 2])
    plant.refuse = {2}
    await drained(plant)
    plant.refuse = set()
    await moved(plant, [1, 2, 3])
    await drained(plant)
    assert await plant.effects(1) == [1, 2, 3]
    assert await plant.effects(2) == []
    assert await plant.effects(3) == [1]
    assert (
        await plant.column('SELECT reason FROM parked ORDER BY partition, "offset"')
        == ["refused by the rules"] * 3
    )
    assert plant.held == [(TOPIC, str(ticket(2)))]
    assert await plant.column("SELECT topic FROM outbox") == [dlq_topic(TOPIC)] * 3


async def test_facts_before_the_poison_of_the_same_key_are_applied(plant: Plant) -> None:
    await moved(plant, [1])
    broken = approved(1)
    await plant.bus.append(
        [
            NewRecord(
                TOPIC,
                str(ticket(1)).encode(),
                [
                    ("ce_id", str(ticket(9)).encode()),
                    ("ce_type", broken.TYPE.encode()),
                    ("ce_source", b"routing-svc"),
                    ("ce_subject", str(ticket(1)).encode()),
                    ("ce_time", b"2026-02-13T04:00:00.000000Z"),
                    ("ce_sequence", b"2"),
                    ("ce_site", b"5204"),
                ],
                b'{"ticket_id": 5}',
            )
        ]
    )
    await drained(plant)
    assert await plant.effects(1) == [1]
    assert len(await plant.column("SELECT 1 FROM parked")) == 1


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        pytest.param([], b"{}", id="no headers"),
        pytest.param([("ce_id", b"\xff\xfe")], b"{}", id="headers that are not text"),
        pytest.param([("ce_id", b"x"), ("ce_type", b"t")], None, id="a tombstone with half its headers"),
    ],
)
async def test_a_record_nobody_can_read_is_kept_byte_for_byte(
    plant: Plant, headers: list[tuple[str, bytes]], value: bytes | None
) -> None:
    await plant.bus.append([NewRecord(TOPIC, b"some key", headers, value)])
    await drained(plant)
    [kept] = await plant.column("SELECT headers FROM parked WHERE value IS NOT DISTINCT FROM $1", value)
    assert unpack_headers(kept) == headers


async def test_a_hole_in_a_subjects_sequence_parks_the_key_instead_of_being_passed_over(plant: Plant) -> None:
    await moved(plant, [1])
    plant.sequences[ticket(1)] = 4
    await moved(plant, [1])
    await drained(plant)
    assert await plant.effects(1) == [1]
    assert await plant.column("SELECT reason FROM parked") == ["sequence 5 follows 1"]


async def test_a_type_that_this_release_does_not_know_is_skipped_and_remembered(plant: Plant) -> None:
    await moved(plant, [1])
    reader = await plant.bus.reader("observer", [TOPIC])
    for partition in reader.assignment():
        reader.seek(partition, 0)
    [known] = await reader.fetch(10, 0)
    headers = {**dict(known.headers), "ce_type": b"routing.ticket.teleported.v1", "ce_sequence": b"2"}
    await plant.bus.append([NewRecord(TOPIC, known.key, list(headers.items()), b"{}")])
    plant.sequences[ticket(1)] = 2
    await moved(plant, [1])
    await drained(plant)
    assert await plant.effects(1) == [1, 3]
    assert await plant.column("SELECT type FROM skipped_types") == ["routing.ticket.teleported.v1"]


async def test_a_log_that_is_shorter_than_the_stored_position_stops_loudly(plant: Plant) -> None:
    await moved(plant, [1])
    await drained(plant)
    async with plant.consumer.reading() as connection:
        await connection.execute("UPDATE positions SET next_offset = next_offset + 5")
    consumer = await plant.reader()
    with pytest.raises(LogShortened):
        await consumer.step()
    assert consumer.stopped_for is not None
    await consumer.close()


async def test_a_watermark_counts_only_once_all_it_promises_was_applied_here(plant: Plant) -> None:
    relay = await plant.relay()
    await plant.publish(1, 2)
    await relay.publish_watermarks()
    async with plant.consumer.reading() as connection:
        assert await applied_before(connection, plant.bus, [TOPIC]) is None
    await drained(plant)
    async with plant.consumer.reading() as connection:
        assert await applied_before(connection, plant.bus, [TOPIC]) == NOON
    await relay.close()


async def test_two_members_share_the_work_and_apply_everything_once(plant: Plant) -> None:
    other = await Database.connect(plant.consumer_dsn, plant.clock, source="sla-svc")
    first, second = await plant.reader(), await plant.reader(other)
    for batch in range(10):
        await moved(plant, list(range(20)))
        await first.step()
        if batch % 2:
            await second.step()
    for _ in range(3):
        await first.step()
        await second.step()
    await first.close()
    for _ in range(3):
        await second.step()
    await second.close()
    await other.close()
    for number in range(20):
        assert await plant.effects(number) == list(range(1, 11))
