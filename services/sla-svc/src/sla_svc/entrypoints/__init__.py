"""Where facts and requests come in."""
