"""Tickets and the units that handle them. Knows no other service; deadlines and cards are not its business."""
