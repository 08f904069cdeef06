"""The events as an AsyncAPI 3 document: topics, messages with their headers, who sends and who reads them.

What is sent and how comes from the registry; who sends and reads it comes from whoever knows the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import cleandoc, getdoc
from typing import Any

import msgspec

from hotline_contracts.events.base import Envelope, Event
from hotline_contracts.events.registry import EVENTS
from hotline_contracts.events.titles import TITLES
from hotline_contracts.events.topics import TOPICS, Topic, is_uuid, named
from hotline_contracts.ids import derived_id

ASYNCAPI = "3.0.0"
"""Not 3.1: it adds nothing that is said here, and fewer tools read it."""

KAFKA_BINDING = "0.5.0"
_SCHEMAS = "#/components/schemas/"
_EXAMPLE_AT = datetime(2026, 2, 13, 0, 30, tzinfo=UTC)
_UUID: Mapping[str, Any] = {"type": "string", "format": "uuid"}

_INTRODUCTION = """\
本系统各服务之间只通过下列事件往来；获授权的其他系统可以按本文件订阅。

- **至少一次**：同一事件可能收到多次。以 `ce_subject` 分别记住最后的 `ce_sequence`，不大于它的就是重复。
- **按键有序**：同一键的事件依次到达；不同的键、不同的主题之间没有顺序，不得依赖。
- **序号连续**：除文本主题外，`ce_sequence` 在每个 `ce_subject` 内从 1 起连续；有洞说明漏读，应停下来查，不能跳过。
- **长期保存**：事实主题永不删除，可以从头重读；文本主题只保留每个键的最新一条，没有值的记录表示该文本已被删除。
- **只增不改**：会增加可选字段和新的事件类型，不认识的字段和类型请忽略；其他变更一律另发 `.v2`，与 `.v1` 同编号、同序号并行。
- **不含个人信息**：事实只有编号、代码与哈希；文字在文本主题里，已加密。

属性按 CloudEvents 1.0 的二进制模式放在 Kafka 消息头里（前缀 `ce_`，UTF-8 文字），消息体只有业务数据。
`*.dlq` 与 `control.*` 是系统内部的主题，不在本文件内，请勿订阅。"""


@dataclass(frozen=True, slots=True)
class Party:
    """A service as the bus sees it.

    Attributes:
        name: its name; also the source of what it publishes and its consumer group.
        publishes: topics that only it writes.
        reads: the event types that it acts upon, by topic it consumes.
    """

    name: str
    publishes: Sequence[str] = ()
    reads: Mapping[str, Sequence[str]] = field(default_factory=dict)


def asyncapi_document(
    parties: Sequence[Party], examples: Mapping[str, Any], *, title: str, version: str
) -> dict[str, Any]:
    """The whole document.

    Args:
        parties: every service; a topic that none of them publishes has no sender in the document.
        examples: a payload for each event type.
        title: the system's name.
        version: the system's version.

    Raises:
        ValueError: two parties publish one topic.
    """
    sources = _sources(parties)
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:hotline:events",
        "info": {"title": title, "version": version, "description": _INTRODUCTION},
        "defaultContentType": "application/json",
        "servers": {"kafka": _SERVER},
        "channels": {topic.name: _channel(topic, parties) for topic in TOPICS.values()},
        "operations": dict(_operations(parties)),
        "components": {
            "messages": {
                name: _message(event, sources.get(event.TOPIC), examples[name])
                for name, event in EVENTS.items()
            },
            "schemas": {**_payload_schemas(), "CloudEventHeaders": _HEADERS},
        },
    }


def _sources(parties: Sequence[Party]) -> dict[str, str]:
    sources: dict[str, str] = {}
    for party in parties:
        for topic in party.publishes:
            if topic in sources:
                raise ValueError(f"{topic} is published by {sources[topic]} and by {party.name}")
            sources[topic] = party.name
    return sources


def _payload_schemas() -> dict[str, Any]:
    """Schema by class name, also of what events contain."""
    _, found = msgspec.json.schema_components(EVENTS.values(), ref_template=_SCHEMAS + "{name}")
    for schema in found.values():
        schema["description"] = cleandoc(schema.get("description", ""))
    return found


def _types_on(topic: str) -> list[str]:
    return [name for name, event in EVENTS.items() if topic == event.TOPIC]


def _channel(topic: Topic, parties: Sequence[Party]) -> dict[str, Any]:
    policy = "compact" if topic.compacted else "delete"
    return {
        "address": topic.name,
        "title": topic.title,
        "summary": topic.about,
        "description": _promise(topic, parties),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _types_on(topic.name)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": [policy], **_NEVER_EXPIRES},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


_SERVER = {
    "host": "{bootstrap}",
    "protocol": "kafka",
    "title": "Kafka",
    "description": "本市的 Kafka 集群；地址与读取权限由运维发放。",
    "variables": {"bootstrap": {"description": "host:port，可以有多个，用逗号分开"}},
}
_NEVER_EXPIRES = {"retention.ms": -1, "retention.bytes": -1}


def _promise(topic: Topic, parties: Sequence[Party]) -> str:
    writers = "、".join(party.name for party in parties if topic.name in party.publishes) or "（尚无）"
    readers = "、".join(party.name for party in parties if topic.name in party.reads) or "（系统内尚无）"
    kept = "压缩：每个键只留最新一条" if topic.compacted else "永久保存"
    return (
        f"{topic.about}\n\n发布：{writers}。读取：{readers}。"
        f"键：`{topic.key}`，同键有序，至少一次。序号按 `{topic.subject}` 计。{kept}。"
    )


def _operations(parties: Sequence[Party]) -> list[tuple[str, dict[str, Any]]]:
    sent = [
        (f"{party.name}.send.{topic}", _operation("send", party, topic, _types_on(topic)))
        for party in parties
        for topic in party.publishes
    ]
    received = [
        (f"{party.name}.receive.{topic}", _operation("receive", party, topic, types))
        for party in parties
        for topic, types in party.reads.items()
    ]
    return sent + received


def _operation(action: str, party: Party, topic: str, types: Sequence[str]) -> dict[str, Any]:
    told = {
        "action": action,
        "title": f"{party.name} {'发布' if action == 'send' else '读取'}{TOPICS[topic].title}",
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in types],
        "tags": [{"name": party.name}],
    }
    if action == "receive":
        group = {"type": "string", "enum": [party.name]}
        told["bindings"] = {"kafka": {"groupId": group, "bindingVersion": KAFKA_BINDING}}
    return told


def _message(event: type[Event], source: str | None, example: Any) -> dict[str, Any]:
    topic = TOPICS[event.TOPIC]
    key = dict(_UUID) if is_uuid(topic.key) else {"type": "string", "minLength": 1}
    return {
        "name": event.TYPE,
        "title": TITLES[event.TYPE],
        "summary": TITLES[event.TYPE],
        "description": getdoc(event) or "",
        "contentType": "application/json",
        "headers": _headers(event, topic, source),
        "payload": {"$ref": _SCHEMAS + event.__name__},
        "bindings": {
            "kafka": {
                "key": {**key, "description": f"`{topic.key}`"},
                "bindingVersion": KAFKA_BINDING,
            }
        },
        "examples": [
            {
                "name": "sample",
                "headers": dict(_example_envelope(event, topic, source, example).attributes()),
                "payload": example,
            }
        ],
    }


def _headers(event: type[Event], topic: Topic, source: str | None) -> dict[str, Any]:
    subject = dict(_UUID) if is_uuid(topic.subject) else {"type": "string", "minLength": 1}
    own: dict[str, Any] = {
        "ce_type": {"const": event.TYPE},
        "ce_subject": {**subject, "description": f"`{topic.subject}`"},
    }
    if source is not None:
        own["ce_source"] = {"const": source}
    return {"allOf": [{"$ref": f"{_SCHEMAS}CloudEventHeaders"}, {"properties": own}]}


def _example_envelope(event: type[Event], topic: Topic, source: str | None, example: Any) -> Envelope:
    fallback = str(derived_id("sample", topic.name))
    return Envelope(
        topic=topic.name,
        key=named(topic.key, example) or fallback,
        event_id=derived_id("sample", event.TYPE),
        type=event.TYPE,
        source=source or "nobody-yet",
        subject=named(topic.subject, example) or fallback,
        at=_EXAMPLE_AT,
        sequence=1,
        value=None,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


_HEADERS: Mapping[str, Any] = {
    "title": "CloudEventHeaders",
    "description": "CloudEvents 1.0 attributes, binary mode; every value is UTF-8 text.",
    "type": "object",
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {**_UUID, "description": "事件编号；.v2 与 .v1 同号"},
        "ce_type": {"type": "string", "description": "发布者.对象.过去式.版本"},
        "ce_source": {"type": "string", "description": "发布事件的服务"},
        "ce_subject": {"type": "string", "minLength": 1, "description": "所说的对象"},
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
            "description": "事实发生的时刻（UTC，微秒），不是发送的时刻；每个对象内递增",
        },
        "ce_sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "对象内的序号，从 1 起"},
        "ce_site": {"type": "string", "minLength": 1, "description": "所在城市的代码"},
        "content-type": {"const": "application/json"},
        "traceparent": {
            "type": "string",
            "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            "description": "W3C Trace Context",
        },
    },
    "required": [
        *("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject"),
        *("ce_time", "ce_sequence", "ce_site", "content-type"),
    ],
}
