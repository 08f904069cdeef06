"""What every service stands on: database, outbox, bus, web, clocks. Knows no service and no rule."""
