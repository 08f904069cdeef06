"""The demonstration: one scripted morning at the hotline, and what became of it, played in virtual time."""

from hotline_local.demo.morning import DEMO_BEGINS_AT, play_morning

__all__ = ["DEMO_BEGINS_AT", "play_morning"]
