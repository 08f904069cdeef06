"""When a duty would be due, without starting it."""

from datetime import datetime

from hotline_contracts.problems import InvalidInput, NoLimit
from hotline_contracts.values import Duty, Emergent, TicketType
from hotline_worktime.calendars import OutsideCalendar
from hotline_worktime.deadlines import Deadline
from hotline_worktime.policy import DutyRule, Policy
from sla_svc.domain.rulebook import NoPolicy, Rulebook


def ask_deadline(
    duty: Duty,
    type: TicketType,  # noqa: A002  the contract's word
    emergent: Emergent | None,
    started_at: datetime,
    rulebook: Rulebook,
) -> tuple[Policy, DutyRule, Deadline]:
    """The deadline, and the policy and row that decide it.

    Raises:
        NoLimit: the duty is not owed there.
        InvalidInput: no policy or calendar reaches the start.
    """
    try:
        decided = rulebook.deadline(duty, type, emergent, started_at)
    except (NoPolicy, OutsideCalendar):
        raise InvalidInput.at("query", "/from", "该时间不在任何政策版本或日历的范围内。") from None
    if decided is None:
        raise NoLimit("按现行政策，该职责在此情形下没有时限。")
    return decided
