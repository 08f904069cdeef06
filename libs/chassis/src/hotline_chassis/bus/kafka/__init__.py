"""The bus of production: Apache Kafka 4 through aiokafka (decision 0010)."""

from hotline_chassis.bus.kafka.bus import KafkaBus
from hotline_chassis.bus.kafka.log_limit import limit_client_logs
from hotline_chassis.bus.kafka.settings import PRODUCTION, KafkaSettings
from hotline_chassis.bus.kafka.writer import RecordTooLarge
from hotline_chassis.bus.port import BelongsElsewhere

__all__ = [
    "PRODUCTION",
    "BelongsElsewhere",
    "KafkaBus",
    "KafkaSettings",
    "RecordTooLarge",
    "limit_client_logs",
]
