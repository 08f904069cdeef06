"""Says whether a run of all tests had the real Kafka, both PostgreSQL versions and AsyncAPI's parser in it.

Usage: ``python -m tests.took_part JUNIT_XML``. Silent and 0 when all took part.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

NEEDED = {
    "real Kafka": ".test_real_kafka",
    "the bus suite on Kafka": "[kafka",
    "the official AsyncAPI parser": "::test_the_official_parser_has_nothing_against_it",
    "PostgreSQL 15": "[15",
    "PostgreSQL 18": "[18",
}
"""What must have taken part, and a part of the names of the tests that use it."""

ALLOWED_SKIPS = (
    "../shared",  # material beside the checkout, which a clone elsewhere does not have
    "a broker reads its own clock",  # one case of the bus suite that means nothing to real Kafka
)
"""Parts of the reasons that are good ones in CI too."""


def complaints(report: Path) -> Iterator[str]:
    """What did not take part, and every skip for another reason than the allowed one."""
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314  our own pytest wrote it
    passed = [f"{case.get('classname')}::{case.get('name')}" for case in cases if case.find("*") is None]
    for what, mark in NEEDED.items():
        if not any(mark in name for name in passed):
            yield f"no test with {what} took part"
    for case in cases:
        for skipped in case.iter("skipped"):
            if not any(reason in (skipped.get("message") or "") for reason in ALLOWED_SKIPS):
                yield f"{case.get('name')} was skipped: {skipped.get('message')}"


if __name__ == "__main__":
    if found := list(complaints(Path(sys.argv[1]))):
        sys.exit("\n".join(found))
