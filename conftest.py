"""Fixtures and settings that the tests of every member share."""

# The folder gateway/ has the package's own name: imported first, or pytest takes the folder for the package.
from hypothesis import settings

import gateway as _  # noqa: F401

pytest_plugins = [
    "hotline_chassis.testing.kafka",
    "hotline_chassis.testing.postgres",
    "hotline_chassis.testing.worker_groups",
]

# Laws are tested, not speed: on a busy machine an example may take its time.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
