"""Fixtures that the tests of every member share."""

# The folder gateway/ has the package's own name: imported first, or pytest takes the folder for the package.
import gateway as _  # noqa: F401

pytest_plugins = ["hotline_chassis.testing.postgres"]
