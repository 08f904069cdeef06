"""Everything in one process: the ``hotline`` command. The only place that knows all services."""
