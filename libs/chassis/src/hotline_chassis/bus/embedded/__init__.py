"""The bus of one machine: a log in its own PostgreSQL database (decision 0005)."""

from hotline_chassis.bus.embedded.bus import EmbeddedBus
from hotline_chassis.bus.embedded.schema import LayoutUnknown
from hotline_chassis.bus.embedded.writer import HeldElsewhere
from hotline_chassis.bus.port import BelongsElsewhere

__all__ = ["BelongsElsewhere", "EmbeddedBus", "HeldElsewhere", "LayoutUnknown"]
