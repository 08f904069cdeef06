"""The site's category tree as it ships."""

from importlib.resources import files

from intake_svc.domain.categories import CategoryTree, read_tree


def shipped_tree() -> CategoryTree:
    """The project's own tree, three levels."""
    return read_tree(files("intake_svc").joinpath("data/categories.txt").read_text(encoding="utf-8"))
