"""Where requests and facts come in: routes and the consumer's handlers."""
