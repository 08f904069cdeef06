"""Requests as values: states, guidance, masking, categories. Pure: no I/O, no clock, no events."""
