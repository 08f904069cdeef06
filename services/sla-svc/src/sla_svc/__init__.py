"""Clocks, warning cards, policies and calendars. Knows tickets from their facts alone."""
