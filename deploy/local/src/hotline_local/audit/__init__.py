"""Checks the system's promise from raw tables and topics alone; shares no code with the services."""

from .logs import LogUnreachable
from .run import NothingToAudit, audit

__all__ = ["LogUnreachable", "NothingToAudit", "audit"]
