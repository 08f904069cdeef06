"""What the requester said, as it may be shown: name and phone arrive masked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """The opened text of a request; requester is null for an anonymous one."""

    subject: str
    description: str
    requester: Requester | None
