"""One module per use case: read, decide, write, announce. Knows ports, no driver and no framework."""
