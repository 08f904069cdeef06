"""Writes docs/rules.md: for each rule of the catalogue, the code that names it and the tests that hold it.

It stands here and not beside the document because the marker check needs the same catalogue of ids, and because
everything under tests/ is type-checked while docs/ holds text only. Run by ``make rules``.
"""

from pathlib import Path

from .rule_catalogue import RULES, Rule
from .rule_evidence import Evidence, gather
from .source_tree import ROOT

DOCUMENT = ROOT / "docs/rules.md"
POLICY = "libs/worktime/src/hotline_worktime/policy"
"""What the policy's own modules begin with: a rule that only they name has numbers, and no behaviour."""

_HEAD = """\
# 规则、代码与测试

本页由 `make rules` 从源代码生成，请勿手工修改；过期时 `make check` 会失败。

- **代码**：文档字符串或注释写明 `Source: rule …`，或规则表、状态表、政策表的行带有该规则编号。
- **测试**：带有 `@pytest.mark.rule("…")` 标记的测试，测试名即所守住的规则。
- 状态只说明有没有代码和测试，不等于规则已经完整实现；已知的缺口写在「尚缺」里。

状态：**有代码和测试** · **有代码，无标记测试** · **仅参数**（只有政策文件里的期限或数值，功能未建）· **未建**
"""


def render(root: Path) -> str:
    """The whole document."""
    evidence = gather(root)
    known = {rule: evidence.get(rule, Evidence()) for rule in RULES}
    lines = [_HEAD, "| 规则 | 内容 | 状态 | 尚缺 |", "|---|---|---|---|"]
    lines += [
        f"| {_anchor(rule, found)} | {RULES[rule].title} | {status(found)} | {missing(RULES[rule], found)} |"
        for rule, found in known.items()
    ]
    for rule, found in known.items():
        if found.code or found.tests:
            lines += _section(rule, found)
    return "\n".join(lines) + "\n"


def status(found: Evidence) -> str:
    if not found.code and not found.tests:
        return "未建"
    if all(path.startswith(POLICY) for path in found.code):
        return "仅参数"
    return "有代码和测试" if found.tests else "有代码，无标记测试"


def missing(rule: Rule, found: Evidence) -> str:
    """What was written by hand; of a rule that is not built, everything."""
    return {"未建": "全部", "仅参数": rule.missing or "参数以外的全部"}.get(status(found), rule.missing)


def _anchor(rule: str, found: Evidence) -> str:
    return f"[{rule}](#{rule.lower()})" if found.code or found.tests else rule


def _section(rule: str, found: Evidence) -> list[str]:
    lines = ["", f'<a id="{rule.lower()}"></a>', "", f"## {rule} {RULES[rule].title}", ""]
    for title, places in (("代码", found.code), ("测试", found.tests)):
        lines += [f"{title}：", "", *_places(places), ""] if places else [f"{title}：无", ""]
    return lines[:-1]


def _places(places: dict[str, set[str]]) -> list[str]:
    lines = []
    for path, names in sorted(places.items()):
        listed = "、".join(f"`{name}`" for name in sorted(names) if name)
        lines.append(f"- [{path}](../{path})" + (f"：{listed}" if listed else ""))
    return lines


if __name__ == "__main__":
    DOCUMENT.write_text(render(ROOT), encoding="utf-8")
