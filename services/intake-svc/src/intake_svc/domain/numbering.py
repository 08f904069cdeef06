"""Ticket numbers: the Shanghai date and a serial of that day."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def numbering_day(at: datetime) -> date:
    """The day whose serials a ticket of this instant (aware) takes; midnight is the new day."""
    return at.astimezone(SHANGHAI).date()


def ticket_no(day: date, serial: int) -> str:
    """For example ``20260201-000017``; from the millionth ticket of a day on, one digit longer."""
    return f"{day:%Y%m%d}-{serial:06d}"
