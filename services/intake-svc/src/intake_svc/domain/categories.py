"""The tree of matters (事项分类): three levels, any of which a request may name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hotline_contracts.problems import UnknownCategory

SEPARATOR = "/"
LEVELS = 3


@dataclass(frozen=True)
class Category:
    """One node; ``path`` is what requests, directories and reports name it by."""

    name: str
    path: str
    level: int
    children: list["Category"] = field(default_factory=list)


class CategoryTree:
    """All categories of a site.

    Attributes:
        roots: the first level, in the order of the data.
    """

    def __init__(self, roots: Iterable[Category]) -> None:
        self.roots = list(roots)
        self._paths = frozenset(node.path for node in self)

    def __iter__(self) -> Iterator[Category]:
        """Every node, parents before their children."""
        waiting = self.roots[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children[::-1])

    def ensure_known(self, path: str) -> None:
        """Refuse a path that is no node of the tree.

        Raises:
            UnknownCategory: also for a known name under another parent.
        """
        if path not in self._paths:
            raise UnknownCategory("没有这一事项分类，请从分类目录中选择。")


def read_tree(text: str) -> CategoryTree:
    """A tree from lines whose indentation (two spaces a level) says where each name stands.

    Leaves of one parent may share a line, separated by ``、``. Blank lines and ``#`` lines are skipped.

    Raises:
        ValueError: a level is skipped or too deep, or a path stands twice.
    """
    roots: list[Category] = []
    trail: list[Category] = []
    seen: set[str] = set()
    for line in text.splitlines():
        names = line.strip()
        if not names or names.startswith("#"):
            continue
        level = (len(line) - len(line.lstrip(" "))) // 2 + 1
        if level > min(LEVELS, len(trail) + 1):
            raise ValueError(f"{names!r} does not stand under a parent of level {level - 1}")
        del trail[level - 1 :]
        siblings = trail[-1].children if trail else roots
        for name in names.split("、"):
            path = SEPARATOR.join([*(node.name for node in trail), name])
            if path in seen:
                raise ValueError(f"{path!r} stands twice")
            seen.add(path)
            siblings.append(Category(name, path, level))
        trail.append(siblings[-1])
    return CategoryTree(roots)
