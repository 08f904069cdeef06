"""The HTTP edge: routes of a few lines, and the one raw route of the hot path."""
