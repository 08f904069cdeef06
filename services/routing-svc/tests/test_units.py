"""The tree of units."""

import pytest

from hotline_contracts.problems import InvalidInput
from routing_svc.domain.units import Unit, lineage_below

from .builders import NOON, lineage_of


def unit(code: str) -> Unit:
    return Unit(
        code=code,
        version=1,
        name="某单位",
        group="county",
        parent=None,
        uscc=None,
        lineage=lineage_of(code),
        put_at=NOON,
    )


def test_a_unit_stands_below_its_parent_and_all_above() -> None:
    assert lineage_below("new", unit("520402-01")) == ("new", "520402-01", "520402")
    assert lineage_below("new", None) == ("new",)


@pytest.mark.parametrize("parent", ["520402", "520402-01", "520402-01-1"])
def test_a_unit_never_stands_below_itself(parent: str) -> None:
    with pytest.raises(InvalidInput):
        lineage_below("520402", unit(parent))
