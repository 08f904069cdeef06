"""Errors that end a command with one line instead of a trace."""

from hotline_chassis.bus.port import BelongsElsewhere, BusUnavailable
from hotline_chassis.embedded_postgres import InitdbFailed, PasswordMissing, PostgresDidNotStart
from hotline_local.audit import LogUnreachable, NothingToAudit
from hotline_local.buses import BusRemembered, FactsGone, KafkaUnreachable
from hotline_local.city.day import OtherCityPlayed
from hotline_local.machine import ClockRemembered
from hotline_local.replay import UnreadableFile
from hotline_local.web import PortTaken

FORESEEN = (
    BelongsElsewhere,
    BusRemembered,
    BusUnavailable,
    ClockRemembered,
    FactsGone,
    InitdbFailed,
    KafkaUnreachable,
    LogUnreachable,
    NothingToAudit,
    OtherCityPlayed,
    PasswordMissing,
    PortTaken,
    PostgresDidNotStart,
    UnreadableFile,
)
