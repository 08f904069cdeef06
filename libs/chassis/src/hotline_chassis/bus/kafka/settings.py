"""How patient the clients are; tests are less patient than production."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Seconds of everything that waits.

    Attributes:
        session: a member whose heartbeats stay away for this long is replaced.
        heartbeat: a member learns of a rebalance within this time.
        rebalance: a member that does not join again within this time of a rebalance is left out of it; below
            ``request``, because joining is one request that the broker answers when the last member has come.
        poll: a member that nobody asked for records for this long gives its share away.
        request: until a request without an answer is given up.
        send: until an append without an acknowledgement is given up.
        join: until entering a group is given up; above ``session``, so that a dead member may be waited for.
        stop: until a client that does not stop by itself is ended.
        fetch_wait: how long the broker keeps a fetch that finds nothing; a partition that was just sought waits
            for the fetch under way.
        commit_every: between two commits of one member; they only show lag.
        commit: until a commit is given up.
        stall: a member that waited this long for records although there are some is replaced by a new client.
    """

    session: float = 30
    heartbeat: float = 3
    rebalance: float = 8
    poll: float = 300
    request: float = 10
    send: float = 15
    join: float = 45
    stop: float = 3
    fetch_wait: float = 0.1
    commit_every: float = 1
    commit: float = 2
    stall: float = 15


PRODUCTION = KafkaSettings()


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
