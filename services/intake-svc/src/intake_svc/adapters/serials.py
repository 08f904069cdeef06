"""Serials of ticket numbers, from one counter a day."""

TAKE_SERIALS = """
INSERT INTO ticket_serials AS s (day, last) VALUES ($1, $2)
ON CONFLICT (day) DO UPDATE SET last = s.last + excluded.last RETURNING last
"""
