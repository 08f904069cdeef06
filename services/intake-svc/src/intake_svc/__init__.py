"""Requests: taken in over every channel, accepted, held or declined. Knows tickets only by the ids it mints."""
