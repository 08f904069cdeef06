"""How words are compared: one spelling for what a person would call the same.

Full-width letters and digits count as the plain ones, capitals as small letters; punctuation and blanks
do not count at all, so that a phone number is found however it is grouped. Source: "Search in Chinese".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NOT_A_WORD = re.compile(r"[\W_]+")
_BLANKS = re.compile(r"\s+")
_LONGEST_WORD = 64
"""Longer ones (a URL, a row of digits) are found by their pairs of characters, not as words."""
_MOST_WORDS = 8
_SMALL_WORDS = (
    "的 了 是 在 和 与 及 或 也 都 就 要 有 我 你 您 吗 呢 吧 啊 么 想 办 请问 怎么 怎样 如何 什么 "
    "哪里 哪儿 哪个 多少 为什么 可以 需要 能否 是否"
)
_FREQUENT = frozenset(_SMALL_WORDS.split())
"""Words of a question that say nothing about its matter."""


def fold(text: str) -> str:
    """Half-width, small letters."""
    return text.translate(_FULL_WIDTH).lower()


def squeeze(text: str) -> str:
    """Only letters, characters and digits, folded."""
    return _NOT_A_WORD.sub("", fold(text))


def grams(squeezed: str) -> set[str]:
    """Every single character and every pair of neighbours of a squeezed text."""
    return {squeezed[at : at + 2] for at in range(len(squeezed) - 1)} | set(squeezed)


def words_of(tokens: Iterable[str]) -> list[str]:
    """The tokens of a segmenter as they are compared, in their order."""
    squeezed = (squeeze(token) for token in tokens)
    return [word for word in squeezed if 0 < len(word) <= _LONGEST_WORD]


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for.

    Attributes:
        terms: what was typed between blanks, squeezed; an entry that holds all of them is found.
        words: the telling words of it, each once; an entry that holds half of them is found, further below.
    """

    terms: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def grams(self) -> list[str]:
        """What the index must hold for every term, sorted."""
        found: set[str] = set()
        for term in self.terms:
            found |= grams(term) if len(term) == 1 else {pair for pair in grams(term) if len(pair) > 1}
        return sorted(found)

    @property
    def halves(self) -> list[tuple[str, ...]]:
        """Every choice of half of the words, rounded up."""
        return list(combinations(self.words, -(-len(self.words) // 2))) if self.words else []


def query_of(text: str, tokens: Sequence[str]) -> Query | None:
    """What ``text`` looks for, its tokens given by the segmenter; None if it has no word at all."""
    terms = dict.fromkeys(term for term in map(squeeze, _BLANKS.split(text)) if term)
    if not terms:
        return None
    words = list(dict.fromkeys(words_of(tokens)))
    telling = [word for word in words if word not in _FREQUENT] or words
    # The longest are the rarest: half of eight words is the most that an index is asked to combine.
    kept = set(sorted(telling, key=len, reverse=True)[:_MOST_WORDS])
    return Query(tuple(terms), tuple(word for word in telling if word in kept))
