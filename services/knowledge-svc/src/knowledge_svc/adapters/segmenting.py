"""Words by rjieba's search mode, with the dictionary that it brings along."""

from importlib.metadata import version

import rjieba

_COLUMNS = 1
"""Raised when the search columns are made differently from the same words."""


class RjiebaSegmenter:
    """``Segmenter``; the dictionary is loaded by the first cut and then shared by the process."""

    @property
    def edition(self) -> str:
        return f"rjieba {version('rjieba')}, columns {_COLUMNS}"

    def cut(self, text: str) -> list[str]:
        return list(rjieba.cut_for_search(text))
