"""Which policy and which calendar decide a deadline."""

from collections.abc import Sequence
from datetime import datetime

from hotline_contracts.values import Duty, Emergent, TicketType
from hotline_worktime.calendars import WorkCalendar
from hotline_worktime.deadlines import Deadline, deadline
from hotline_worktime.policy import DutyRule, Policy
from sla_svc.domain.clocks import Clock


class NoPolicy(LookupError):
    """No version of the policy was effective at the instant, or none has that number."""


class Rulebook:
    """All published policies, and the calendar of the city, whose working days every unit follows today.

    Source: rules, section Policy; rule T3.
    """

    def __init__(self, policies: Sequence[Policy], calendar: WorkCalendar) -> None:
        self._newest_first = sorted(policies, key=lambda policy: policy.effective_from, reverse=True)
        self._by_version = {policy.version: policy for policy in policies}
        self.calendar = calendar

    def policy_at(self, instant: datetime) -> Policy:
        """The policy that decides a fact of this instant; ``effective_from`` itself belongs to the new one.

        Raises:
            NoPolicy: the instant lies before the first version.
        """
        for policy in self._newest_first:
            if policy.effective_from <= instant:
                return policy
        raise NoPolicy(f"no policy was effective at {instant.isoformat()}")

    def policy(self, version: int) -> Policy:
        found = self._by_version.get(version)
        if found is None:
            raise NoPolicy(f"no policy has version {version}")
        return found

    def deadline(
        self,
        duty: Duty,
        type: TicketType | None,  # noqa: A002  the contract's word
        emergent: Emergent | None,
        started_at: datetime,
    ) -> tuple[Policy, DutyRule, Deadline] | None:
        """The deadline of a duty that starts now, with what decided it; None where it is not owed.

        Raises:
            NoPolicy: no policy was effective.
            NoRule: the duty depends on the type, and none was named.
            OutsideCalendar: a day that is needed lies before 1992 or after 2199.
        """
        policy = self.policy_at(started_at)
        rule = policy.rule_for(duty, type, emergent)
        if rule is None or rule.limit is None:
            return None
        return policy, rule, deadline(started_at, rule.limit, rule.warning, self.calendar)

    def rule_of(self, clock: Clock) -> DutyRule | None:
        """The row of the policy that made this clock."""
        return self.policy(clock.policy_version).rule_for(clock.duty, clock.type, clock.emergent)

    def grace(self, clock: Clock, rejected_at: datetime, rejections: int) -> Deadline | None:
        """How long a rejected reply leaves at least; None from the second rejection on.

        Decided by the policy that made the clock: a new one never moves what runs.
        Source: rules, section Routing and handling, Delivery.
        """
        switches = self.policy(clock.policy_version).document.clocks
        if rejections > switches.rejections_with_grace:
            return None
        rule = self.rule_of(clock)
        warning = None if rule is None else rule.warning
        return deadline(rejected_at, switches.rejection_grace, warning, self.calendar)
