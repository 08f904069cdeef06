"""Tests of one `xdist_group` run in one worker, one after the other.

pytest-xdist 3.8 writes the group into a place from which pytest 9.2 does not read the test's name any more, so
that every worker got some of each group: two brokers, two faults at once. Registered by the repository's own
`conftest.py`; of no effect once xdist has learned it.
"""

import pytest
from _pytest.nodeid import NodeId


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take over the names that xdist has made."""
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped is not None:
            item._id = NodeId.parse(grouped)  # noqa: SLF001 - there is no other place to say it
