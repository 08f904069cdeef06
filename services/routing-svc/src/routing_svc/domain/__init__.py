"""The rules of routing: pure functions on frozen values, no I/O, no clock, no events."""
