"""Errors that end a command with one line instead of a trace."""

from hotline_chassis.bus.port import BelongsElsewhere
from hotline_chassis.embedded_postgres import InitdbFailed, PasswordMissing, PostgresDidNotStart
from hotline_local.audit import NothingToAudit
from hotline_local.buses import BusRemembered, KafkaUnreachable
from hotline_local.city.day import OtherCityPlayed
from hotline_local.machine import ClockRemembered
from hotline_local.replay import UnreadableFile
from hotline_local.web import PortTaken

FORESEEN = (
    BelongsElsewhere,
    BusRemembered,
    ClockRemembered,
    InitdbFailed,
    KafkaUnreachable,
    NothingToAudit,
    OtherCityPlayed,
    PasswordMissing,
    PortTaken,
    PostgresDidNotStart,
    UnreadableFile,
)
