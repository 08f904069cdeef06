"""Many calls about one thing: a cloudburst, a power line, a main that bursts in the night."""

from dataclasses import dataclass
from datetime import date, time, timedelta

from hotline_contracts.values import Emergent, TicketType
from hotline_local.city.plan import Occasion
from hotline_local.city.workdays import at_time

SHIFT_BEGINS = time(8)
"""A day of the hotline runs from eight to eight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Many calls about one thing.

    Attributes:
        days: numbers of the days, from 0; ``at`` after their begin.
        spread: minutes within which the calls come, the most of them early.
        asks: (type, weight, subject, description).
    """

    name: str
    title: str
    days: frozenset[int]
    at: timedelta
    spread: int
    calls: int
    area: str
    category: str
    lead: str
    emergent: Emergent | None
    supports: tuple[str, ...] = ()
    asks: tuple[tuple[TicketType, int, str, str], ...]


# fmt: off
BURSTS = (
    Burst(
        name="rain", title="下午短时强降雨，西秀区多处积水", days=frozenset({0, 12, 20}), at=timedelta(hours=6, minutes=40), spread=110, calls=32,
        area="520402", category="城乡建设/市政设施/排水防涝", lead="520400-E33", emergent=None,
        asks=(
            ("help", 6, "{路}积水严重", "一阵大雨过后{路}积水没过膝盖，车辆熄火，{人}过不去。"),
            ("help", 3, "{小区}车库进水", "{小区}地下车库倒灌进水，物业的水泵不够，请求支援。"),
            ("complaint", 2, "{路}逢雨必淹", "{路}每次下雨都淹，下水道堵了{几天}没有清掏。"),
        ),
    ),
    Burst(
        name="outage", title="晚间平坝区一条线路停电", days=frozenset({0, 15}), at=timedelta(hours=11, minutes=25), spread=70, calls=18,
        area="520403", category="经济金融/能源电力/停电", lead="520400-E04", emergent=None,
        asks=(
            ("help", 6, "{小区}突然停电", "{小区}整片停电，没有接到通知，{人}在黑暗中。"),
            ("consultation", 2, "几点能来电", "{路}一带停电，请问几点能恢复。"),
        ),
    ),
    Burst(
        name="main", title="夜里的爆管：塔山西路供水主管爆裂，三个小区停水", days=frozenset({0}), at=timedelta(hours=17, minutes=38), spread=95, calls=24,
        area="520402", category="城乡建设/供水供气/停水", lead="520400-E01", emergent="area_outage", supports=("520402", "520400-D06"),
        asks=(
            ("help", 6, "{小区}停水", "{小区}夜里突然停水，听说塔山西路的水管爆了，家里{人}等着用水。"),
            ("help", 4, "塔山西路水管爆裂", "塔山西路地下水管爆裂，水漫到路面，{小区}门口已经积水。"),
            ("consultation", 2, "什么时候来水", "{小区}停水，请问什么时候恢复，有没有送水车。"),
        ),
    ),
)
# fmt: on


def occasions(begins: date) -> tuple[Occasion, ...]:
    """The causes of the first day's bursts; on a later day a cause may come again."""
    return tuple(
        Occasion(
            name=burst.name,
            title=burst.title,
            began=at_time(begins, SHIFT_BEGINS) + burst.at,
        )
        for burst in BURSTS
    )
