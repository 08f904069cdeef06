"""The log as such: order, repeats, backlog and personal data."""

from datetime import datetime

import pytest

from hotline_local.audit.findings import INVARIANTS, Findings
from hotline_local.audit.run import examine

from .paper_system import PaperSystem

AT = datetime.fromisoformat("2026-02-13T10:00:00+08:00")
UNIT = {"code": "520402", "name": "西秀区", "group": "county", "parent": None, "uscc": None}


def unit_put(system: PaperSystem, version: int, **changes: object) -> None:
    system.publish(
        "reference.units",
        "520402",
        "reference.unit.put.v1",
        AT,
        sequence=version,
        **{**UNIT, "version": version, "put_at": AT.isoformat(), **changes},
    )


def one_unit() -> PaperSystem:
    system = PaperSystem()
    unit_put(system, 1)
    system.row("routing", "units", **UNIT, version=1)
    return system


def test_an_empty_system_and_one_with_a_unit_are_clean() -> None:
    assert PaperSystem().violated() == set()
    assert one_unit().violated() == set()


def test_a_repeat_of_the_same_bytes_is_how_delivery_works() -> None:
    system = one_unit()
    system.repeat(system.records[0])
    assert system.violated() == set()


def test_a_repeat_with_other_bytes_is_a_violation() -> None:
    system = one_unit()
    system.repeat(system.records[0], (system.records[0].value or b"") + b" ")
    assert system.violated() == {"topic-sequence"}


@pytest.mark.parametrize(("compacted", "violated"), [(True, set()), (False, {"log-contiguous"})])
def test_a_record_that_compaction_dropped_for_its_repeat_was_taken_for_lost(
    compacted: bool, violated: set[str]
) -> None:
    system = one_unit()
    system.repeat(system.records[0])
    snapshot = system.snapshot()
    del snapshot.log.records[0]
    snapshot.log.compacted = frozenset({"reference.units"} if compacted else ())
    assert {found["invariant"] for found in examine(snapshot)["violations"]} == violated


def test_a_gap_in_a_subjects_sequence_is_a_violation() -> None:
    system = one_unit()
    unit_put(system, 3)
    system.tables["routing"]["units"][0]["version"] = 3
    assert system.violated() == {"topic-sequence"}


def test_an_unreadable_record_is_named() -> None:
    system = one_unit()
    unit_put(system, 2, group="village")
    system.tables["routing"]["units"][0]["version"] = 2
    assert system.violated() == {"records-readable", "references-published"}


def test_what_was_written_after_the_tables_were_read_needs_no_row() -> None:
    system = one_unit()
    system.ends_before = {("reference.units", 0): 1}
    unit_put(system, 2)
    assert system.violated() == set()
    system.ends_before = None
    assert system.violated() == {"references-published"}


def test_a_backlog_is_no_violation_but_a_lost_effect_is() -> None:
    system = one_unit()
    system.position("sla", "reference.units", 0)
    assert system.violated() == set()

    system.tables["sla"]["positions"][0]["next_offset"] = 1
    assert system.violated() == {"consumed-sequences", "consumed"}
    system.row("sla", "consumed_subjects", topic="reference.units", subject="520402", last_sequence=1)
    system.row("sla", "units", code="520402", version=1)
    assert system.violated() == set()


def test_a_position_beyond_the_end_and_a_missing_one_are_violations() -> None:
    system = one_unit()
    system.row("sla", "units", code="520402", version=1)
    system.row("sla", "consumed_subjects", topic="reference.units", subject="520402", last_sequence=1)
    system.position("sla", "reference.units", 2)
    assert "positions" in system.violated()
    del system.tables["sla"]["positions"]
    assert "positions" in system.violated()


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
    ("field", "value", "sealed"),
    [
        ("hash", "13800001234", False),
        ("hash", "a13800001234b", True),
        ("hash", "113800001234", True),
        ("unit", "13800001234", True),
        ("phone", "*", False),
        ("description", "", False),
        ("text_id", "*", True),
    ],
)
def test_a_phone_number_or_a_field_for_words_in_a_fact_is_a_violation(
    field: str, value: str, sealed: bool
) -> None:
    system = PaperSystem()
    system.publish("routing.tickets", "t", "routing.ticket.unheard_of.v1", AT, sequence=1, **{field: value})
    assert ("texts-sealed" not in system.violated()) is sealed


def test_an_invariant_that_is_not_in_the_list_cannot_be_reported() -> None:
    with pytest.raises(KeyError):
        Findings().violated("made-up", "", "")
    assert len(set(INVARIANTS)) == len(INVARIANTS)
