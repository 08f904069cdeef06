"""What this service does, one module per use case."""
