"""What our AsyncAPI document promises beyond its format, and whether records keep it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

_FORMATS = FormatChecker(formats=["uuid"])


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class RecordRules:
    """Header and payload rules of each message of a document, as any JSON Schema validator reads them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._rules = cache(self._compiled)

    def _compiled(self, message: str, part: str) -> Draft7Validator:
        schema = self._document["components"]["messages"][message][part]
        whole = {**schema, "components": self._document["components"]}
        return Draft7Validator(whole, format_checker=_FORMATS)

    def broken(self, message: str, headers: Mapping[str, str], payload: Any) -> list[str]:
        """Which rules a record of this type breaks."""
        return [
            f"{part} {fault.json_path}: {fault.message}"
            for part, given in (("headers", dict(headers)), ("payload", payload))
            for fault in self._rules(message, part).iter_errors(given)
        ]


def omissions(document: Mapping[str, Any]) -> Iterator[str]:
    """What AsyncAPI lets one leave out, but a reader of our events needs."""
    for name, channel in document["channels"].items():
        if channel.get("address") != name:
            yield f"channel {name} has another address: {channel.get('address')}"
        kafka = channel.get("bindings", {}).get("kafka", {})
        for said in ("topic", "partitions", "topicConfiguration"):
            if said not in kafka:
                yield f"channel {name} does not say its {said}"
        yield from _unsaid(f"channel {name}", channel, ("title", "description", "messages"))
    carried = _carried(document)
    for name, message in document["components"]["messages"].items():
        yield from _unsaid(
            f"message {name}", message, ("title", "description", "headers", "payload", "examples")
        )
        if not message.get("bindings", {}).get("kafka", {}).get("key"):
            yield f"message {name} does not say its key"
        if f"#/components/messages/{name}" not in carried:
            yield f"message {name} is on no channel"
    for name, operation in document["operations"].items():
        yield from _unsaid(f"operation {name}", operation, ("title", "messages", "tags"))


def _unsaid(what: str, said: Mapping[str, Any], needed: tuple[str, ...]) -> Iterator[str]:
    for part in needed:
        if not said.get(part):
            yield f"{what} has no {part}"


def _carried(document: Mapping[str, Any]) -> set[str]:
    return {
        message["$ref"]
        for channel in document["channels"].values()
        for message in channel.get("messages", {}).values()
    }
