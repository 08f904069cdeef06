"""Which topics somebody's timer waits for: each one's relay publishes watermarks of it.

One process knows one service only, so the table stands here, literally; a test holds it against the timers
of all services.
"""

AWAITED = frozenset({"evaluation.ratings", "routing.tickets"})
