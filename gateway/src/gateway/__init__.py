"""The public edge: one address for all services. Knows no rule; passes requests on as they are."""
