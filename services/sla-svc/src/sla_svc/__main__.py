"""``python -m sla_svc ROLE``: one role of the service in a process of its own."""

import sys

from hotline_chassis.processes import run_service
from sla_svc.main import build

ROLES = ("serve", "consume", "relay", "tick", "migrate")

if __name__ == "__main__":
    sys.exit(run_service("sla_svc", build, ROLES, sys.argv[1:]))
