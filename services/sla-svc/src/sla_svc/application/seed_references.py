"""Publish what the system knows from the beginning: policy 1 and the national calendars."""

from hotline_contracts.events.sla import CalendarPublishedV1, PolicyPublishedV1
from hotline_contracts.ids import derived_id
from hotline_worktime.calendars import CalendarYear, national_calendars
from hotline_worktime.policy import POLICY_1, Policy
from sla_svc.application.ports import Journal, ReferenceStore


async def seed_references(journal: Journal, store: ReferenceStore) -> None:
    """Store and announce each record once; what is there already is left alone."""
    for policy in await store.add_policies([POLICY_1]):
        await _announce_policy(policy, journal)
    for year in await store.add_calendars(national_calendars()):
        await _announce_calendar(year, journal)


async def _announce_policy(policy: Policy, journal: Journal) -> None:
    event = PolicyPublishedV1(
        version=policy.version,
        effective_from=policy.effective_from,
        author=policy.author,
        reason=policy.reason,
        document=policy.document.model_dump(mode="json"),
    )
    journal.announce(
        event,
        event_id=derived_id("policy", policy.version),
        subject=policy.version,
        key=policy.version,
        sequence=1,
        at=await journal.stamp(),
    )


async def _announce_calendar(year: CalendarYear, journal: Journal) -> None:
    event = CalendarPublishedV1(
        layer=year.layer,
        year=year.year,
        version=year.version,
        status=year.status,
        source=year.source,
        days=[{"date": day.on.isoformat(), "working": day.working, "name": day.name} for day in year.days],
    )
    name = f"{year.key}:{year.version}"
    journal.announce(
        event,
        event_id=derived_id("calendar", name),
        subject=name,
        key=name,
        sequence=1,
        at=await journal.stamp(),
    )
