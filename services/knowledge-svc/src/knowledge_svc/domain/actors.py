"""Who acts on an entry, and which entries are whose."""

from collections.abc import Collection
from dataclasses import dataclass

from hotline_contracts.problems import Forbidden, NotFound
from hotline_contracts.values import UNIT_ROLES

CITY_READERS = frozenset({"knowledge_editor", "reviewer", "auditor"})
"""Roles that read every version of every entry; everybody else reads what is published."""

INSIDERS = CITY_READERS | UNIT_ROLES
"""Roles that read versions that are not published; units those of their own subtree."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as the history names it: ``unit`` is null unless the token names one."""

    sub: str
    roles: tuple[str, ...]
    unit: str | None

    @property
    def reads_the_city(self) -> bool:
        """Whether every version of every entry is visible."""
        return not CITY_READERS.isdisjoint(self.roles)

    @property
    def reads_a_subtree(self) -> bool:
        """Whether the versions of the own unit's subtree are visible."""
        return not UNIT_ROLES.isdisjoint(self.roles)

    def is_insider(self, lineage: Collection[str]) -> bool:
        """Whether the actor reads all versions of an entry that belongs to this line of units."""
        return self.reads_the_city or (self.reads_a_subtree and self.unit in lineage)


def ensure_may_act(actor: Actor, lineage: Collection[str], roles: frozenset[str]) -> None:
    """Let pass who may act by one of ``roles`` on an entry of this line of units.

    Raises:
        NotFound: another unit's entry.
        Forbidden: the entry is visible, but by none of these roles.
    """
    acting = roles.intersection(actor.roles)
    if acting - UNIT_ROLES or (acting and actor.unit in lineage):
        return
    if not actor.is_insider(lineage):
        raise NotFound("未找到该知识条目。")
    raise Forbidden("当前角色无权对该知识条目执行此操作。")


def ensure_may_write_for(actor: Actor, unit: str, lineage: Collection[str]) -> None:
    """Let pass who may write entries that ``unit`` owns.

    Raises:
        Forbidden: a unit's person, and the unit lies outside the own subtree.
    """
    if "knowledge_editor" not in actor.roles and actor.unit not in lineage:
        raise Forbidden(f"只能为本单位或下级单位编写知识条目，不能为 {unit} 编写。")
