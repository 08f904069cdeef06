"""Why a card was issued, in a sentence that a person understands."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from hotline_contracts.values import Duty
from hotline_worktime.limits import Limit
from sla_svc.domain.clocks import Change, Clock

_SHANGHAI: Final = timezone(timedelta(hours=8))

# What the duty is called, and the act that meets it; the duties whose clocks run here.
_WORDS: dict[Duty, tuple[str, str]] = {
    "sign": ("签收", "签收"),
    "handle": ("办理", "答复"),
    "redo": ("重办", "答复"),
    "interim_feedback": ("阶段性办理意见反馈", "反馈"),
    "follow_up": ("回访", "完成回访"),
}
_LIMITS: dict[str, str] = {
    "working_days": "个工作日",
    "working_hours": "个工作小时",
    "natural_days": "个自然日",
    "natural_hours": "小时",
    "natural_minutes": "分钟",
}


def why(change: Change, limit: Limit) -> str:
    """The reason of a card: limit, start, deadline, and what the card means now."""
    clock = change.clock
    name, act = _WORDS[clock.duty]
    span = f"{name}时限{limit.n}{_LIMITS[limit.kind]}，自{_local(clock.started_at)}起"
    if clock.reopened_at is not None:
        span += f"；答复于{_local(clock.reopened_at)}审核未通过，继续计时"
    provisional = "（所跨年度放假安排尚未公布，期限为暂定）" if clock.calendar_status == "provisional" else ""
    return f"{span}，应不晚于{_local(clock.due_at)}{act}{provisional}；{_meaning(change, clock, act)}。"


def _meaning(change: Change, clock: Clock, act: str) -> str:
    if clock.card == "red":
        return f"到期未{act}，亮红牌"
    if clock.card == "yellow":
        if change.was is None:
            return "起算时已进入预警期，自始亮黄牌"
        if change.at != clock.warn_at:
            return "继续计时时已进入预警期，亮黄牌"
        return f"已进入预警期，自{_local(change.at)}起亮黄牌"
    warning = "" if clock.warn_at is None else f"，自{_local(clock.warn_at)}起未{act}将亮黄牌"
    return f"{'期限顺延，恢复绿牌' if change.was else '绿牌'}{warning}"


@lru_cache(maxsize=4096)
def _local(instant: datetime) -> str:
    """Shanghai time to the minute; seconds only where there are any."""
    return instant.astimezone(_SHANGHAI).isoformat(" ", "seconds" if instant.second else "minutes")[:-6]
