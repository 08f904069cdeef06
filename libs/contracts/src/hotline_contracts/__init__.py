"""The language the services share. Knows no service, no driver and no clock; re-exports nothing."""
