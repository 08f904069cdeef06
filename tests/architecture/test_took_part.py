"""CI cannot be green without the real Kafka and both PostgreSQL versions."""

from pathlib import Path

from tests.took_part import complaints

CASE = '<testcase classname="tests.{0}" name="{1}">{2}</testcase>'
WHOLE = [
    ("x.test_real_kafka", "test_a", ""),
    ("m", "test_b[kafka]", ""),
    ("m", "test_the_official_parser_has_nothing_against_it[ours]", ""),
    ("m", "test_b[15]", ""),
    ("m", "test_b[18-x]", ""),
]


def report(folder: Path, cases: list[tuple[str, str, str]]) -> Path:
    file = folder / "report.xml"
    inner = "".join(CASE.format(*case) for case in cases)
    file.write_text(f"<testsuites><testsuite>{inner}</testsuite></testsuites>", encoding="utf-8")
    return file


def test_a_whole_run_is_silent(tmp_path: Path) -> None:
    shared = ("m", "test_c", '<skipped message="../shared/data/x.csv is not here"/>')
    assert list(complaints(report(tmp_path, [*WHOLE, shared]))) == []


def test_what_is_absent_or_failed_or_skipped_is_named(tmp_path: Path) -> None:
    cases = [
        ("x.test_real_kafka", "test_a", "<failure/>"),
        ("m", "test_b[18]", ""),
        ("m", "test_b[15]", '<skipped message="PostgreSQL 15 is not installed here"/>'),
    ]
    assert list(complaints(report(tmp_path, cases))) == [
        "no test with real Kafka took part",
        "no test with the bus suite on Kafka took part",
        "no test with the official AsyncAPI parser took part",
        "no test with PostgreSQL 15 took part",
        "test_b[15] was skipped: PostgreSQL 15 is not installed here",
    ]
