"""Behaviour of every bus: who of a group reads what, and what a replaced member may still do."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_chassis.bus.groups import HEARTBEAT, LEASE, share_out
from hotline_chassis.bus.port import NewRecord, TopicPartition
from hotline_chassis.testing.bus_lab import BusLab, Member, values

A, B = "a.facts", "b.facts"
HEADERS = [("ce_type", b"intake.request.accepted.v1")]
EVERYTHING = frozenset((topic, number) for topic in (A, B) for number in range(4))


def batch(prefix: str, count: int = 40) -> list[NewRecord]:
    return [NewRecord(A, f"t{n}".encode(), HEADERS, f"{prefix}{n}".encode()) for n in range(count)]


def shares(members: Sequence[Member]) -> list[frozenset[TopicPartition]]:
    return [member.reader.assignment() for member in members]


async def settle(lab: BusLab, members: Sequence[Member]) -> None:
    """Heartbeat after heartbeat, until the members share all partitions and none is read twice."""
    async with asyncio.timeout(30):
        while True:
            found = shares(members)
            once = sum(map(len, found)) == len(EVERYTHING)
            if once and all(found) and frozenset().union(*found) == EVERYTHING:
                return
            await lab.pass_time(HEARTBEAT)
            for member in members:
                await member.step()


async def join(lab: BusLab, positions: dict[TopicPartition, int] | None = None) -> Member:
    return await Member.join(await lab.another_process(), "group", [A, B], positions)


async def test_a_new_member_gets_its_share(lab: BusLab) -> None:
    members = [await join(lab)]
    await settle(lab, members)
    members.append(await join(lab))
    await settle(lab, members)
    members.append(await join(lab))
    await settle(lab, members)


async def test_a_leaving_members_share_goes_to_the_others(lab: BusLab) -> None:
    members = [await join(lab), await join(lab)]
    await settle(lab, members)
    await members[0].reader.close()
    await settle(lab, members[1:])


async def test_a_dead_members_share_goes_to_the_others_when_its_lease_ends(lab: BusLab) -> None:
    dead, alive = await join(lab), await join(lab)
    await settle(lab, [dead, alive])
    half = alive.reader.assignment()
    if lab.moves_time:
        for _ in range(8):
            await lab.pass_time(HEARTBEAT)
            await alive.step()
        assert alive.reader.assignment() == half
        for _ in range(4):
            await lab.pass_time(HEARTBEAT)
            await alive.step()
    else:
        await settle(lab, [alive])
    assert alive.reader.assignment() == EVERYTHING


async def test_nothing_is_lost_or_out_of_order_while_members_come_and_go(lab: BusLab) -> None:
    positions: dict[TopicPartition, int] = {}
    everyone = [await join(lab, positions)]
    members = list(everyone)
    for turn in range(4):
        await lab.bus.append(batch(f"{turn}."))
        await settle(lab, members)
        if turn % 2:
            await members.pop(0).reader.close()
        else:
            everyone.append(await join(lab, positions))
            members.append(everyone[-1])
        await members[0].step(limit=15)
    ends = await lab.bus.end_offsets([A])
    async with asyncio.timeout(20):
        while {p: positions.get(p, 0) for p in ends} != ends:
            await lab.pass_time(HEARTBEAT)
            for member in members:
                await member.step(wait=0.02)
    read = sorted(value.decode() for member in everyone for value in values(member.records) if value)
    assert read == sorted(f"{turn}.{n}" for turn in range(4) for n in range(40))


async def test_a_replaced_member_learns_of_it_late_and_its_commit_is_ignored(lab: BusLab) -> None:
    await lab.bus.append(batch("x"))
    zombie = await join(lab)
    await settle(lab, [zombie])
    first = await zombie.step(limit=1, wait=5)
    assert len(first) == 1

    await lab.pass_time(LEASE + HEARTBEAT)
    heir = await join(lab)
    await settle(lab, [heir])
    while len(heir.records) < 40:
        await heir.step(wait=1)
    await heir.commit()
    assert zombie.reader.assignment() == EVERYTHING  # it has not looked since
    await zombie.commit()
    await zombie.reader.close()
    await heir.reader.close()

    ends = await lab.bus.end_offsets([A])
    assert await lab.committed("group") == ends


async def test_a_commit_made_before_a_rebalance_was_noticed_is_ignored(lab: BusLab) -> None:
    """Its member is alive and well, but half of its partitions went to a new one."""
    await lab.bus.append(batch("x"))
    unaware = await join(lab)
    await settle(lab, [unaware])
    assert len(await unaware.step(limit=1, wait=5)) == 1
    await join(lab)
    assert unaware.reader.assignment() == EVERYTHING
    await unaware.commit()
    await unaware.reader.close()
    assert await lab.committed("group") == {}


async def test_a_lease_ends_at_its_very_age(lab: BusLab) -> None:
    if not lab.moves_time:
        pytest.skip("a broker reads its own clock")
    await join(lab)
    await lab.pass_time(LEASE - timedelta(microseconds=1))
    heir = await join(lab)
    assert len(heir.reader.assignment()) == len(EVERYTHING) / 2
    await lab.pass_time(HEARTBEAT)
    await heir.step()
    await heir.step()
    assert heir.reader.assignment() == EVERYTHING
    await lab.pass_time(LEASE)
    assert (await join(lab)).reader.assignment() == EVERYTHING


async def test_an_expelled_member_comes_back_with_a_share_that_it_must_seek(lab: BusLab) -> None:
    await lab.bus.append(batch("x"))
    sleeper = await join(lab)
    await settle(lab, [sleeper])
    await lab.pass_time(LEASE)
    heir = await join(lab)
    await settle(lab, [sleeper, heir])
    reader = sleeper.reader
    # `settle` stops as soon as the share is there, before the member sought it.
    assert await reader.fetch(100, 0) == []
    for partition in reader.assignment():
        reader.seek(partition, 0)
    found = await reader.fetch(100, 5)
    assert found
    assert {(record.topic, record.partition) for record in found} <= reader.assignment()


async def test_a_partition_that_left_and_came_back_is_sought_anew(lab: BusLab) -> None:
    """Its records were read by somebody else meanwhile: the old place would read them twice."""
    stayed = await join(lab)
    await settle(lab, [stayed])
    await stayed.step()
    passer_by = await join(lab)
    await passer_by.reader.close()
    await lab.bus.append(batch("x"))
    await lab.pass_time(HEARTBEAT)

    seen_revoked = False
    async with asyncio.timeout(10):
        while not (seen_revoked and stayed.reader.assignment() == EVERYTHING):
            assert await stayed.reader.fetch(100, 0) == []
            seen_revoked = seen_revoked or not stayed.reader.assignment()
    assert await stayed.reader.fetch(100, 0) == []


async def test_a_lone_member_keeps_its_share_however_slow_it_is(lab: BusLab) -> None:
    member = await join(lab)
    await settle(lab, [member])
    await member.step()
    await lab.pass_time(LEASE * 3)
    await lab.bus.append(batch("x"))
    async with asyncio.timeout(10):
        while len(member.records) < 40:
            await member.step(wait=1)
            # A broker takes a member for dead that is slower than its patience, also the only one.
            assert member.reader.assignment() == EVERYTHING or not lab.moves_time
    assert sorted(values(member.records), key=str) == sorted((r.value for r in batch("x")), key=str)


async def test_a_member_reads_topics_that_are_made_later_only_if_it_asked_for_them(lab: BusLab) -> None:
    member = await join(lab)
    await lab.bus.ensure_topics({"later.facts": 2})
    await lab.pass_time(HEARTBEAT)
    await settle(lab, [member])
    assert member.reader.assignment() == EVERYTHING


async def test_a_commit_shows_how_far_the_group_is(lab: BusLab) -> None:
    await lab.bus.append(batch("x"))
    member = await join(lab)
    async with asyncio.timeout(10):
        while len(member.records) < 40:
            await member.step(wait=1)
    await member.commit()
    await lab.pass_time(timedelta(seconds=2))
    await member.step()
    assert await lab.committed("group") == await lab.bus.end_offsets([A])


members_and_topics = st.dictionaries(
    st.integers(1, 50), st.sets(st.sampled_from(["x", "y", "z"]), min_size=1), max_size=6
)


@given(members_and_topics, st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(1, 9)))
def test_every_partition_has_exactly_one_reader_if_anyone_asked(
    members: dict[int, set[str]], partitions: dict[str, int]
) -> None:
    given_out = share_out(members, partitions)
    assert given_out.keys() == members.keys()
    wanted = {(t, n) for t, count in partitions.items() for n in range(count)}
    asked = {p for p in wanted if any(p[0] in topics for topics in members.values())}
    dealt = [p for share in given_out.values() for p in share]
    assert sorted(dealt) == sorted(asked)
    assert all(topic in members[m] for m, share in given_out.items() for topic, _ in share)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_tickets_partition_has_the_same_reader_in_every_topic(count: int) -> None:
    given_out = share_out({m: ["x", "y"] for m in range(count)}, {"x": 4, "y": 4})
    for share in given_out.values():
        assert {n for t, n in share if t == "x"} == {n for t, n in share if t == "y"}
