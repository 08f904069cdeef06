"""How the partitions of a consumer group are split over its members; one function for our own buses."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from hotline_chassis.bus.port import TopicPartition

LEASE = timedelta(seconds=10)
"""A member that did not fetch for this long may be replaced: at this very age, by whoever looks."""

HEARTBEAT = timedelta(seconds=1)
"""A fetching member renews its lease, and learns of a new generation, at least this often."""


def share_out(
    members: Mapping[int, Collection[str]], partitions: Mapping[str, int]
) -> dict[int, frozenset[TopicPartition]]:
    """Who reads what: the same for everyone who sees the same members.

    Partition n of every topic goes to the same member (when all subscribe alike), because a ticket has
    the same partition in each topic: its rows are then touched by one consumer only.

    Args:
        members: topics of each member, by its number in the group.
        partitions: the number of partitions of each topic that exists.
    """
    shares: dict[int, set[TopicPartition]] = {member: set() for member in members}
    for topic, count in partitions.items():
        readers = sorted(member for member, topics in members.items() if topic in topics)
        for number in range(count if readers else 0):
            shares[readers[number % len(readers)]].add((topic, number))
    return {member: frozenset(share) for member, share in shares.items()}
