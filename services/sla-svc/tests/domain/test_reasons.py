"""What a card says of itself to a person."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hotline_worktime.policy import is_window
from sla_svc.domain.driving import STOPPED_BY
from sla_svc.domain.reasons import _WORDS, why

Local = Callable[[str], datetime]


def reasons(ticket: Any, duty: str) -> list[str]:
    return [
        why(change, ticket.rulebook.rule_of(change.clock).limit)
        for change in ticket.changes
        if change.kind == "card" and change.clock.duty == duty
    ]


@pytest.mark.rule("I4")
def test_a_card_names_limit_start_deadline_and_meaning(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-09-30 15:30"), "complaint")])
    ticket.advance(local("2026-10-21 00:00"))
    span = "办理时限10个工作日，自2026-09-30 15:30起，应不晚于2026-10-20 17:00答复；"
    assert reasons(ticket, "handle") == [
        f"{span}绿牌，自2026-10-19 17:00起未答复将亮黄牌。",
        f"{span}已进入预警期，自2026-10-19 17:00起亮黄牌。",
        f"{span}到期未答复，亮红牌。",
    ]


def test_yellow_from_the_start_and_seconds_are_said(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-02-13 18:30:07"))])
    assert reasons(ticket, "sign") == [
        "签收时限1个工作日，自2026-02-13 18:30:07起，应不晚于2026-02-14 17:00签收；起算时已进入预警期，自始亮黄牌。"
    ]


def test_a_reopened_clock_names_the_rejection(ticket: Any, local: Local) -> None:
    ticket.fold(
        [
            ticket.dispatched(local("2026-03-02 10:00")),
            ticket.act("signed", local("2026-03-02 10:30")),
            ticket.act("replied", local("2026-03-09 16:00")),
            ticket.act("reply_rejected", local("2026-03-09 16:30"), rejections=1),
        ]
    )
    assert reasons(ticket, "handle")[-1] == (
        "办理时限5个工作日，自2026-03-02 10:00起；答复于2026-03-09 16:30审核未通过，继续计时，"
        "应不晚于2026-03-10 17:00答复；期限顺延，恢复绿牌，自2026-03-09 17:00起未答复将亮黄牌。"
    )


@pytest.mark.rule("T1")
def test_a_provisional_deadline_says_so(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-12-30 10:00"), "consultation")])
    assert "期限为暂定" in reasons(ticket, "handle")[0]
    assert "期限为暂定" not in reasons(ticket, "sign")[0]


@pytest.mark.rule("I3")
def test_a_redo_and_a_follow_up_say_what_they_are(ticket: Any, local: Local) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold(
        [
            ticket.dispatched(at),
            ticket.act("replied", at.replace(hour=11)),
            ticket.redo_ordered(at.replace(hour=15)),
        ]
    )
    ticket.fold([ticket.follow_up("follow_up_opened", at.replace(hour=12), since=at.replace(hour=12))])
    ticket.advance(local("2026-04-01 00:00"))
    assert reasons(ticket, "redo")[0] == (
        "重办时限2个工作日，自2026-03-02 15:00起，应不晚于2026-03-04 17:00答复；绿牌，自2026-03-03 17:00起未答复将亮黄牌。"
    )
    span = "回访时限3个工作日，自2026-03-02 12:00起，应不晚于2026-03-05 17:00完成回访；"
    assert reasons(ticket, "follow_up") == [
        f"{span}绿牌，自2026-03-04 17:00起未完成回访将亮黄牌。",
        f"{span}已进入预警期，自2026-03-04 17:00起亮黄牌。",
        f"{span}到期未完成回访，亮红牌。",
    ]


def test_every_duty_with_a_clock_has_words() -> None:
    assert set(_WORDS) == {duty for duty in STOPPED_BY if not is_window(duty)}
