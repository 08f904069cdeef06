"""A town that was lived once for all tests of a file."""

from collections.abc import AsyncIterator

import pytest

from .recorded_town import RecordedTown, recorded_town


@pytest.fixture(scope="module")
async def lived_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RecordedTown]:
    async with recorded_town(tmp_path_factory.mktemp("lived") / "data") as lived:
        yield lived
