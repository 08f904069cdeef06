"""Fixtures that the tests of every member share."""

pytest_plugins = ["hotline_chassis.testing.postgres"]
