"""Reading as one member of a group, with positions that the caller sets."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from hotline_chassis.bus.kafka.arrivals import Arrivals, Batches
from hotline_chassis.bus.kafka.cluster import EARLIEST, Cluster
from hotline_chassis.bus.kafka.membership import Membership
from hotline_chassis.bus.kafka.outages import outages
from hotline_chassis.bus.kafka.scan import as_record
from hotline_chassis.bus.port import BusClosed, BusUnavailable, LogShortened, Record, TopicPartition

log = structlog.get_logger(__name__)


class KafkaReader:
    """One member of a group on Kafka.

    aiokafka joins again behind our back. Here a turn of the group is shown as by ``EmbeddedReader``: one
    ``fetch`` returns empty with nothing assigned, a later one with the new share, all to be sought anew.

    Attributes:
        rebuilds: how often the client was replaced because it made no progress.
    """

    def __init__(
        self,
        cluster: Cluster,
        group: str,
        topics: Sequence[str],
        *,
        on_closed: Callable[["KafkaReader"], None],
        on_commit_ignored: Callable[[], None],
    ) -> None:
        self.rebuilds = 0
        self._cluster = cluster
        self._group = group
        self._topics = tuple(topics)
        self._on_closed = on_closed
        self._on_commit_ignored = on_commit_ignored
        self._member: Membership | None = None
        self._arrivals = Arrivals()
        self._share: frozenset[KafkaPartition] = frozenset()
        self._positions: dict[KafkaPartition, int] = {}
        self._revoked = False
        self._first = 0
        self._waited = 0.0
        self._closed = False
        self._joining: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def join(self) -> None:
        """Enter the group and take the share; at most ``settings.join`` seconds."""
        member = Membership(self._cluster, self._group, self._topics, self._on_commit_ignored)
        try:
            await member.start()
        except BaseException:
            self._end(member)
            raise
        self._member = member
        self._share = member.share
        self._waited = 0

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._ours(part) for part in self._share)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        part = self._theirs(partition)
        if part not in self._share:
            raise ValueError(f"{partition} is not assigned to this member")
        self._positions[part] = offset
        if self._member is not None and not self._member.turned:
            self._arrivals.drop(part)
            self._member.seek(part, offset)

    async def fetch(self, limit: int, timeout: float) -> list[Record]:
        if self._closed:
            raise BusClosed
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        member = self._member or await self._join_again(timeout)
        if member is None or self._shows_turn(member):
            return []
        with outages():
            try:
                records = await self._read_until(member, limit, deadline)
            except OffsetOutOfRangeError as outside:
                await self._tell_shortened(outside)
                raise
            except KafkaError:
                self._give_up(member)
                raise
        if records:
            self._waited = 0
        elif self._waited >= self._cluster.settings.stall and not self._closed:
            await self._watch(member)
        return records

    async def _join_again(self, timeout: float) -> Membership | None:
        """After a client was given up; joining may outlast this call."""
        if self._joining is None:
            self._joining = asyncio.create_task(self.join(), name="kafka reader joins")
        await asyncio.wait([self._joining], timeout=timeout)
        if self._closed or not self._joining.done():
            return None
        joined, self._joining = self._joining, None
        joined.result()
        # Shown as a turn of the group, whatever the caller remembers of the client before.
        self._share = frozenset()
        self._revoked = True
        return self._member

    def _shows_turn(self, member: Membership) -> bool:
        """True when the assignment has just changed: nothing of before may be given out."""
        if member.turned:
            member.turned = False
            self._forget_share()
            self._revoked = True
            return True
        if self._revoked and not member.joining:
            self._share = member.share
            self._revoked = False
            return True
        return False

    def _forget_share(self) -> None:
        self._share = frozenset()
        self._positions.clear()
        self._arrivals.forget()

    async def _read_until(self, member: Membership, limit: int, deadline: float) -> list[Record]:
        loop = asyncio.get_running_loop()
        while True:
            idle = not member.joining and not self._arrivals.pending
            if idle and (records := await self._buffered(member, limit)):
                return records
            started = loop.time()
            batches = await self._arrivals.wait(member, limit, max(0.0, deadline - started))
            self._waited += loop.time() - started
            if self._closed or self._shows_turn(member):
                return []
            if records := self._accept(batches):
                return records
            if loop.time() >= deadline:
                return []

    async def _buffered(self, member: Membership, limit: int) -> list[Record]:
        """What is here already, each time beginning with another partition."""
        order = sorted(self._positions)
        if not order:
            return []
        self._first = (self._first + 1) % len(order)
        records: list[Record] = []
        for part in order[self._first :] + order[: self._first]:
            if len(records) >= limit or member.joining:
                break
            try:
                found = await member.buffered(part, limit - len(records))
            except KafkaError:
                if records:
                    break  # these are taken already; the trouble comes back with the next fetch
                raise
            records += self._accept({part: found})
        return [] if member.turned else records

    def _accept(self, batches: Batches) -> list[Record]:
        """Records that follow our positions; others are stale, of before a seek or of another share."""
        records = []
        for part, found in batches.items():
            position = self._positions.get(part)
            if position is None:
                continue
            for record in found:
                if record.offset >= position:
                    records.append(as_record(self._cluster, record))
                    position = record.offset + 1
            self._positions[part] = position
        return records

    async def _tell_shortened(self, outside: OffsetOutOfRangeError) -> None:
        """Raise ``LogShortened`` if the broker still says that a position lies outside its log."""
        ends = await self._cluster.offsets(self._topics)
        begins = await self._cluster.offsets(self._topics, EARLIEST)
        for part, position in self._positions.items():
            ours = self._ours(part)
            if not begins[ours] <= position <= ends[ours]:
                raise LogShortened(
                    f"{ours} has records {begins[ours]} to {ends[ours]}, the next one wanted is {position}"
                ) from outside

    async def _watch(self, member: Membership) -> None:
        """Replace a client that gave nothing for long although there are records, or that cannot join."""
        self._waited = 0
        try:
            ends = await self._cluster.offsets(self._topics)
        except BusUnavailable:
            return  # an outage; aiokafka waits it out
        behind = any(position < ends[self._ours(part)] for part, position in self._positions.items())
        if member.turned or not (behind or member.joining):
            return
        log.warning("kafka.reader_rebuilt", group=self._group, joining=member.joining)
        self.rebuilds += 1
        self._give_up(member)

    def _give_up(self, member: Membership) -> None:
        """Leave this client to its end; the next fetch joins with a new one."""
        if self._member is member:
            self._member = None
            self._forget_share()
        self._end(member)

    def _end(self, member: Membership) -> None:
        self._arrivals.abandon()
        ending = asyncio.create_task(member.leave(), name="kafka reader's end")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        told = {self._theirs(partition): offset for partition, offset in next_offsets.items()}
        member = self._member
        if member is None or member.turned or not told.keys() <= self._share:
            self._on_commit_ignored()
            return
        await member.commit(told)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._on_closed(self)
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.gather(self._joining, return_exceptions=True)
        if self._member is not None:
            member, self._member = self._member, None
            member.news.set()
            self._end(member)
        self._forget_share()
        if self._endings:
            await asyncio.wait(set(self._endings))

    def _ours(self, part: KafkaPartition) -> TopicPartition:
        return (self._cluster.logical(part.topic), part.partition)

    def _theirs(self, partition: TopicPartition) -> KafkaPartition:
        return KafkaPartition(self._cluster.physical(partition[0]), partition[1])
