"""The caller as histories name it."""

from hotline_chassis.web.auth import Caller
from intake_svc.application.ports import Actor


def actor_of(caller: Caller) -> Actor:
    return Actor(sub=caller.sub, roles=tuple(sorted(caller.roles)), unit=caller.unit)
