"""The bus that a machine runs on: the embedded log, or a Kafka broker somebody else keeps running."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.bus.port import BelongsElsewhere, Bus, BusUnavailable
from hotline_chassis.clocks import SystemClock
from hotline_chassis.embedded_postgres import EmbeddedPostgres

BUS_DATABASE = "bus"
BusKind: TypeAlias = Literal["embedded", "kafka"]


class KafkaUnreachable(Exception):
    """No broker answers at the address."""


class BusRemembered(Exception):
    """The data directory's facts lie on another kind of bus than the one asked for."""


class FactsGone(Exception):
    """The data directory has facts, and the bus that should hold them is empty: it was made anew or is another."""


@dataclass(frozen=True, slots=True)
class BusChoice:
    """Which bus to run on.

    Attributes:
        kafka: ``host:port`` of a broker; None is the embedded bus.
        namespace: prefix of the names of topics and groups on a broker that others use too.
    """

    kafka: str | None = None
    namespace: str = ""

    @property
    def kind(self) -> BusKind:
        return "embedded" if self.kafka is None else "kafka"


class LocalBus(Bus, Protocol):
    """A bus that belongs to one instance, and whose virtual time may be set back."""

    async def instance_id(self) -> UUID | None:
        """The instance that this bus was bound to; None when it is new."""
        ...

    async def bind_instance(self, instance: UUID) -> None:
        """Bind a new bus to an instance.

        Raises:
            BelongsElsewhere: it is bound to another one.
        """
        ...

    async def forget_watermarks(self) -> None:
        """Forget what was published as complete; only for a virtual clock that is set back."""
        ...


async def open_bus(choice: BusChoice, postgres: EmbeddedPostgres, system_clock: SystemClock) -> LocalBus:
    """Connect to the bus.

    Raises:
        KafkaUnreachable: nobody answers at the address.
    """
    if choice.kafka is None:
        await postgres.ensure_database(BUS_DATABASE)
        return await EmbeddedBus.connect(postgres.dsn(BUS_DATABASE), system_clock, single_process=True)
    from hotline_chassis.bus.kafka import KafkaBus

    try:
        return await KafkaBus.connect(choice.kafka, system_clock, namespace=choice.namespace)
    except BusUnavailable as refused:
        raise KafkaUnreachable(f"Kafka（{choice.kafka}）没有回答：{refused}") from refused


async def claim(bus: LocalBus, choice: BusChoice, instance: UUID, *, bound: bool) -> None:
    """Bind the bus to an instance.

    Args:
        bus: the one of ``choice``.
        choice: names the broker in what is refused.
        instance: who claims it.
        bound: it was taken once before; then a bus that knows nobody has lost the facts.

    Raises:
        BelongsElsewhere: it holds the facts of another instance.
        FactsGone: it held the facts of this one.
    """
    where = "事件总线" if choice.kafka is None else f"Kafka（{choice.kafka}）"
    if bound and await bus.instance_id() is None:
        raise FactsGone(
            f"{where}是空的，该数据目录的事件却应在其上：请接回原来的 Kafka；确要从头来，先 hotline reset。"
        )
    try:
        await bus.bind_instance(instance)
    except BelongsElsewhere as other:
        raise BelongsElsewhere(
            f"{where}上是另一个数据目录的事件（{await bus.instance_id()}）：请用那个数据目录启动，或换一个空的 Kafka；"
            "本机的可以清空：make kafka-stop，再删除 .kafka/data。"
        ) from other
