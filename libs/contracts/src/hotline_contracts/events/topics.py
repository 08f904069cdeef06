"""Every topic: what its records are keyed and ordered by, how many partitions, kept for ever or compacted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the bus.

    Attributes:
        key: what a record's key is made of, as fields of the event: all records of one key are in one
            partition, in order. A clock without a ticket uses its subject instead of the ticket.
        subject: the aggregate that ``ce_subject`` names; ``ce_sequence`` counts from 1 without holes for each.
        compacted: older records of a key may vanish, and a record without value (a tombstone) erases its key.
            All other topics keep every record for ever.
        title: what people call it.
        about: what one may read from it.
    """

    name: str
    key: str
    subject: str
    title: str
    about: str
    partitions: int = 4
    compacted: bool = False


TOPICS: Mapping[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            "intake.requests",
            key="{ticket_id}",
            subject="{request_id}",
            title="诉求",
            about="诉求的登记、待筛查、受理与不予受理。诉求登记时即取得工单编号，未成为工单的也以它为键。",
        ),
        Topic(
            "intake.texts",
            key="{text_id}",
            subject="{text_id}",
            title="诉求文本（加密）",
            about="诉求的文字与掩码后的诉求人，用每位诉求人自己的密钥加密。",
            compacted=True,
        ),
        Topic(
            "routing.tickets",
            key="{ticket_id}",
            subject="{ticket_id}",
            title="工单",
            about="工单从生成到办结的每一步；序号与哈希就是工单履历的序号与哈希。",
        ),
        Topic(
            "routing.texts",
            key="{text_id}",
            subject="{text_id}",
            title="工单文本（加密）",
            about="答复、阶段性办理意见与备注的文字，用诉求人的密钥加密。",
            compacted=True,
        ),
        Topic(
            "sla.clocks",
            key="{ticket_id}",
            subject="{clock_id}",
            title="时限与绿黄红牌",
            about="每个时限的起算、完成、重新计时、取消与届满，以及发出的牌。没有工单的时限以其对象为键。",
        ),
        Topic(
            "evaluation.ratings",
            key="{ticket_id}",
            subject="{ticket_id}",
            title="回访与评价",
            about="回访的开始、联系与结束，诉求人的评价，评价的成立。",
        ),
        Topic(
            "knowledge.entries",
            key="{entry_id}",
            subject="{entry_id}",
            title="知识条目",
            about="知识条目各版本的起草、送审、退回、发布与撤下；不含条目内容。",
        ),
        Topic(
            "reference.units",
            key="{code}:{version}",
            subject="{code}",
            title="承办单位",
            about="承办单位的每个版本；记录不可改，按事实的时刻选用版本。",
            partitions=1,
        ),
        Topic(
            "reference.policies",
            key="{version}",
            subject="{version}",
            title="时限政策",
            about="时限政策的每个版本；记录不可改，按事实的时刻选用版本。",
            partitions=1,
        ),
        Topic(
            "reference.calendars",
            key="{layer}:{year}:{version}",
            subject="{layer}:{year}:{version}",
            title="工作日历",
            about="工作日历各层级各年度的每个版本；记录不可改。",
            partitions=1,
        ),
    )
}
"""A topic that is not here does not exist. Its name, key, partitions and compaction are for ever."""

_FIELD = re.compile(r"\{(\w+)\}")


def named(template: str, payload: Mapping[str, Any]) -> str | None:
    """A key or subject out of an event's own fields; None where the event does not carry them all."""
    values = {field: payload.get(field) for field in _FIELD.findall(template)}
    return None if None in values.values() else template.format_map(values)


def is_uuid(template: str) -> bool:
    """Whether keys or subjects of this form are UUIDs."""
    return template.endswith("_id}")
