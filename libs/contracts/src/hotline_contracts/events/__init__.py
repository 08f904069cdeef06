"""Every event of the system, a module per publisher; ``registry`` lists them all."""
