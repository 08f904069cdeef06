"""The AsyncAPI document that the gateway serves: who sends and reads what is taken from the services that run."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gateway
import gateway.main
from hotline_chassis.service import Service
from hotline_contracts.asyncapi import Party, asyncapi_document
from hotline_contracts.events.base import Event
from hotline_contracts.events.registry import EVENTS
from hotline_local.machine import BUILDERS, Machine

from .event_samples import STORED

SERVED = Path(gateway.__file__).parent / "asyncapi.json"


def handled_by(package: str) -> Mapping[type[Event], Any]:
    """What a service's consumer acts upon: its literal table."""
    handlers: Mapping[type[Event], Any] = importlib.import_module(f"{package}.entrypoints.consumer").HANDLERS
    return handlers


def party_of(name: str, service: Service) -> Party:
    if service.consumer is None:
        return Party(service.name, tuple(service.publishes))
    handled = handled_by(BUILDERS[name][0])
    return Party(
        service.name,
        tuple(service.publishes),
        {
            topic: [event.TYPE for event in EVENTS.values() if topic == event.TOPIC and event in handled]
            for topic in service.consumer.topics
        },
    )


def parties_of(machine: Machine) -> list[Party]:
    return [party_of(name, service) for name, service in machine.services.items()]


def stored_samples() -> dict[str, Any]:
    return {name: json.loads((STORED / f"{name}.json").read_text(encoding="utf-8")) for name in EVENTS}


def document_text(parties: list[Party]) -> str:
    """The text of the served file."""
    document = asyncapi_document(
        parties, stored_samples(), title=f"{gateway.main.TITLE}事件", version=gateway.main.VERSION
    )
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def stored_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SERVED.read_text(encoding="utf-8"))
    return document
