"""The passages in which a query was found, its words marked."""

import re
from collections.abc import Iterator
from html import escape

from knowledge_svc.domain.search_text import Query

_AROUND = 24
"""Characters shown on either side of a mark."""
_PASSAGES = 2
_MARKS = 12
"""Marks after which the rest of a text is not looked at."""

Span = tuple[int, int]


def highlights(query: Query, title: str, body: str) -> list[str]:
    """HTML: the title if it holds a word of the query, then up to two passages of the body.

    Everything but ``<mark>`` and ``</mark>`` is escaped.
    """
    pattern = _pattern(query)
    in_title = _merged(_spans(pattern, title))
    shown = [_marked(title, in_title, 0, len(title))] if in_title else []
    in_body = _merged(_spans(pattern, body))
    for begin, end in _passages(in_body, len(body)):
        before, after = "…" if begin else "", "…" if end < len(body) else ""
        shown.append(before + _marked(body, in_body, begin, end) + after)
    return shown


def _pattern(query: Query) -> re.Pattern[str]:
    """Longest first, so that a whole term is marked before one of its words is."""
    sought = sorted({*query.terms, *query.words}, key=lambda text: (-len(text), text))
    return re.compile("|".join(map(_spelt, sought)), re.IGNORECASE)


def _spelt(word: str) -> str:
    """A squeezed word as it may stand in a text: full-width, and with punctuation inside."""
    return r"[\W_]*".join(
        f"[{char}{chr(ord(char) + 0xFEE0)}]" if char.isascii() else re.escape(char) for char in word
    )


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for count, found in enumerate(pattern.finditer(text), start=1):
        yield found.span()
        if count == _MARKS:
            return


def _merged(spans: Iterator[Span]) -> list[Span]:
    """Marks that touch become one."""
    merged: list[Span] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return merged


def _passages(marks: list[Span], length: int) -> list[Span]:
    passages: list[Span] = []
    for begin, end in marks:
        if passages and begin - _AROUND <= passages[-1][1]:
            passages[-1] = (passages[-1][0], min(end + _AROUND, length))
        elif len(passages) == _PASSAGES:
            break
        else:
            passages.append((max(begin - _AROUND, 0), min(end + _AROUND, length)))
    return passages


def _marked(text: str, marks: list[Span], begin: int, end: int) -> str:
    pieces = []
    at = begin
    for first, last in marks:
        if first < begin or last > end:
            continue
        pieces += [escape(text[at:first]), "<mark>", escape(text[first:last]), "</mark>"]
        at = last
    return "".join([*pieces, escape(text[at:end])])
