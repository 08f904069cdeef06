"""What PostgreSQL keeps of a version so that it is found, and how a query asks for it.

Words are lexemes with positions and weights (A in the title, D in the body), made here and cast: no
text-search configuration takes part, so every server and every locale finds the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge_svc.application.ports import Segmenter
from knowledge_svc.domain.search_text import Query, fold, grams, squeeze, words_of

_LAST_POSITION = 16383  # PostgreSQL's; later words still count, as if they stood there


@dataclass(frozen=True, slots=True)
class SearchColumns:
    title_text: str
    body_text: str
    words: str
    title_grams: list[str]
    grams: list[str]
    edition: str


def columns_of(segmenter: Segmenter, title: str, body: str) -> SearchColumns:
    title_text, body_text = squeeze(title), squeeze(body)
    title_grams = grams(title_text)
    return SearchColumns(
        title_text=title_text,
        body_text=body_text,
        words=_tsvector(words_of(segmenter.cut(fold(title))), words_of(segmenter.cut(fold(body)))),
        title_grams=sorted(title_grams),
        grams=sorted(title_grams | grams(body_text)),
        edition=segmenter.edition,
    )


def _tsvector(title: Sequence[str], body: Sequence[str]) -> str:
    places: dict[str, list[str]] = {}
    for at, word in enumerate(title, start=1):
        places.setdefault(word, []).append(f"{min(at, _LAST_POSITION)}A")
    for at, word in enumerate(body, start=len(title) + 1):
        places.setdefault(word, []).append(f"{min(at, _LAST_POSITION)}D")
    return " ".join(f"{_quoted(word)}:{','.join(found)}" for word, found in places.items())


def all_of(words: Iterable[str], weight: str = "") -> str | None:
    """A tsquery for all of the words; None without any."""
    return " & ".join(f"{_quoted(word)}{weight and ':' + weight}" for word in words) or None


def any_of(words: Iterable[str]) -> str | None:
    return " | ".join(map(_quoted, words)) or None


def half_of(query: Query) -> str | None:
    """A tsquery for at least half of the words."""
    return " | ".join(f"({all_of(half)})" for half in query.halves) or None


def _quoted(word: str) -> str:
    """Words hold letters and digits only; quoted all the same, so that nobody has to rely on it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
