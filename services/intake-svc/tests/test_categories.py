import pytest

from hotline_contracts.problems import UnknownCategory
from intake_svc.adapters.category_file import shipped_tree
from intake_svc.domain.categories import read_tree


def test_the_shipped_tree_has_three_levels_and_no_level_three_without_siblings() -> None:
    nodes = list(shipped_tree())
    assert {node.level for node in nodes} == {1, 2, 3}
    assert all(len(node.children) > 1 for node in nodes if node.level < 3)
    assert len({node.path for node in nodes}) == len(nodes)


@pytest.mark.parametrize("path", ["城乡建设", "城乡建设/安全生产", "城乡建设/安全生产/事故处理"])
def test_any_level_may_be_named(path: str) -> None:
    shipped_tree().ensure_known(path)


@pytest.mark.parametrize(
    "path",
    ["", "安全生产", "城乡建设/安全生产/", "城乡建设/供水供气/事故处理", "城乡建设/安全生产/事故处理/无"],
)
def test_what_is_no_path_of_the_tree_is_refused(path: str) -> None:
    with pytest.raises(UnknownCategory):
        shipped_tree().ensure_known(path)


@pytest.mark.parametrize(
    "text", ["  孤儿", "甲\n    跳级", "甲\n  乙\n    丙\n      丁", "甲\n甲", "甲\n  乙、乙"]
)
def test_a_broken_tree_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="stand"):
        read_tree(text)
