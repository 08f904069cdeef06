"""How each unit behaves: fast, ordinary, slow, or never signing anything."""

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hotline_local.city.chance import seeded
from hotline_local.city.registry import the_city
from hotline_local.city.texts import matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Chances of a unit, and when within its limits it acts.

    Attributes:
        signs: False: nothing is ever signed.
        sign_minutes: between which a ticket is signed in office hours.
        late_sign, late_reply, late_interim, rejected: chances.
        fraction: between which parts of a limit a reply comes.
        satisfied: chance that a requester is, all well.
    """

    signs: bool = True
    sign_minutes: tuple[int, int]
    late_sign: float
    late_reply: float
    late_interim: float
    fraction: tuple[float, float]
    rejected: float
    satisfied: float


# fmt: off
PROFILES: Final = MappingProxyType({
    "fast":     Profile(sign_minutes=(5, 60),   late_sign=0.0,  late_reply=0.0,  late_interim=0.0,  fraction=(0.05, 0.55), rejected=0.03, satisfied=0.96),
    "ordinary": Profile(sign_minutes=(15, 240), late_sign=0.02, late_reply=0.05, late_interim=0.08, fraction=(0.3, 1.0),   rejected=0.07, satisfied=0.88),
    "slow":     Profile(sign_minutes=(60, 500), late_sign=0.18, late_reply=0.3,  late_interim=0.3,  fraction=(0.6, 1.0),   rejected=0.15, satisfied=0.7),
    "never":    Profile(sign_minutes=(0, 0),    late_sign=0.0,  late_reply=0.0,  late_interim=0.0,  fraction=(0.0, 0.0),   rejected=0.0,  satisfied=0.0, signs=False),
})
# fmt: on
SHARES: Final = (("fast", 30), ("ordinary", 48), ("slow", 22))
BUSY_FROM: Final = 5
"""Weight of matters from which a unit gets enough tickets to be ranked."""


def profile_names(seed: int) -> dict[str, str]:
    """The name of every unit's profile.

    One busy unit of departments and one of provincial units never sign; of counties, and of units with
    emergency duties, none does.
    """
    rng = seeded(seed, "profiles")
    units = the_city().units
    names = {
        code: rng.choices([name for name, _ in SHARES], [share for _, share in SHARES])[0] for code in units
    }
    weights: Counter[str] = Counter()
    for matter in matters():
        weights[matter.lead or ""] += matter.weight
    for group in ("department", "provincial"):
        busy = [
            code
            for code, unit in units.items()
            if unit.group == group and not unit.emergency and weights[code] in range(BUSY_FROM, BUSY_FROM + 2)
        ]
        names[rng.choice(busy)] = "never"
    return names
