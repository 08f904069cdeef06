"""Clocks and their cards as pure functions: no I/O, no clock reading, no events."""
