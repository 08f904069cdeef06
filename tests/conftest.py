"""The buses that a machine may run on."""

from uuid import uuid4

import pytest

from hotline_local.buses import BusChoice


@pytest.fixture(
    params=["embedded", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.xdist_group("kafka")])]
)
def bus_choice(request: pytest.FixtureRequest) -> BusChoice:
    """The embedded bus, and a real broker with names of the test's own."""
    if request.param == "embedded":
        return BusChoice()
    return BusChoice(request.getfixturevalue("kafka_bootstrap"), f"{uuid4().hex[:8]}.")
