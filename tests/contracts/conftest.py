"""One running system for all tests of this folder; they only look at it."""

from collections.abc import AsyncIterator

import pytest

from hotline_local.machine import Machine, running_machine


@pytest.fixture(scope="session")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    async with running_machine(tmp_path_factory.mktemp("contracts") / "data") as started:
        yield started
