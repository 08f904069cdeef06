"""The one list of event types: wire name → class, and how a record's value is decoded."""

from collections.abc import Mapping

import msgspec

from hotline_contracts.events import evaluation, intake, knowledge, routing, sla
from hotline_contracts.events.base import ContractBroken, Envelope, Event, Fact
from hotline_contracts.events.topics import TOPICS

EVENTS: Mapping[str, type[Event]] = {
    event.TYPE: event
    for event in (
        intake.RequestHeldV1,
        intake.RequestAcceptedV1,
        intake.RequestDeclinedV1,
        intake.RequestTextPutV1,
        routing.TicketCreatedV1,
        routing.TicketDispatchedV1,
        routing.TicketSignedV1,
        routing.TicketInterimFeedbackGivenV1,
        routing.TicketRepliedV1,
        routing.TicketReplyApprovedV1,
        routing.TicketReplyRejectedV1,
        routing.TicketRedoOrderedV1,
        routing.TicketRedoRefusedV1,
        routing.TicketClosedV1,
        routing.TicketTextPutV1,
        routing.UnitPutV1,
        sla.ClockStartedV1,
        sla.ClockMetV1,
        sla.ClockReopenedV1,
        sla.ClockCancelledV1,
        sla.ClockLapsedV1,
        sla.CardIssuedV1,
        sla.PolicyPublishedV1,
        sla.CalendarPublishedV1,
        evaluation.FollowUpOpenedV1,
        evaluation.FollowUpAttemptedV1,
        evaluation.FollowUpEndedV1,
        evaluation.RatingGivenV1,
        evaluation.RatingFormedV1,
        knowledge.EntryDraftedV1,
        knowledge.EntrySubmittedV1,
        knowledge.EntryRejectedV1,
        knowledge.EntryPublishedV1,
        knowledge.EntryWithdrawnV1,
    )
}

PARTITIONS: Mapping[str, int] = {topic.name: topic.partitions for topic in TOPICS.values()}
"""Partitions of every topic; a topic that is not here does not exist."""

COMPACTED = frozenset(topic.name for topic in TOPICS.values() if topic.compacted)
"""Topics whose older records may vanish; only there a subject's sequence may have holes."""

_decoders = {name: msgspec.json.Decoder(event) for name, event in EVENTS.items()}


def decode(envelope: Envelope) -> Fact[Event] | None:
    """The fact in an envelope, or None for a type that this release does not know.

    Raises:
        ContractBroken: the value is not the JSON that the type promises.
    """
    decoder = _decoders.get(envelope.type)
    if decoder is None:
        return None
    if envelope.value is None:
        raise ContractBroken(f"{envelope.type} has no value")
    try:
        return Fact(decoder.decode(envelope.value), envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise ContractBroken(f"{envelope.type}: {broken}") from broken
