"""The event bus: one port, three implementations (memory, embedded in PostgreSQL, Kafka)."""
