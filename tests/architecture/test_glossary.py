"""The glossary has every word of the closed vocabularies, and every name it gives is really in the code."""

import re
from collections.abc import Iterator
from typing import Literal, get_args, get_origin

import pytest

from hotline_contracts import values

from .source_tree import PRODUCT, ROOT, is_test, python_files

GLOSSARY = ROOT / "docs/glossary.md"
_NAME = re.compile(r"`([^`]+)`")
ROW = re.compile(r"^\|[^|]*\|[^|]*\|(?P<code>[^|]*)\|$", re.MULTILINE)


def names_in(text: str) -> set[str]:
    """What stands in backticks in the third column."""
    return {name for row in ROW.finditer(text) for name in _NAME.findall(row["code"])}


def closed_vocabulary() -> Iterator[str]:
    for kind in vars(values).values():
        if get_origin(kind) is Literal:
            yield from get_args(kind)


def absent(names: set[str], sources: str) -> list[str]:
    known = set(re.findall(r"\w+", sources))
    return sorted(name for name in names if name not in known)


@pytest.fixture(scope="module")
def sources() -> str:
    files = [path for path in python_files(ROOT) if not is_test(path, ROOT)]
    return "\n".join(
        path.read_text(encoding="utf-8") for path in files if path.relative_to(ROOT).parts[0] in PRODUCT
    )


def test_every_name_of_the_glossary_is_in_the_code(sources: str) -> None:
    assert absent(names_in(GLOSSARY.read_text(encoding="utf-8")), sources) == []


def test_every_word_of_the_closed_vocabularies_is_in_the_glossary() -> None:
    assert sorted(set(closed_vocabulary()) - names_in(GLOSSARY.read_text(encoding="utf-8"))) == []


def test_a_name_that_the_code_lost_is_seen(sources: str) -> None:
    assert names_in("| 牌 | card | `CardColour`、`CardHue` |") == {"CardColour", "CardHue"}
    assert absent({"CardColour", "CardHue"}, sources) == ["CardHue"]
