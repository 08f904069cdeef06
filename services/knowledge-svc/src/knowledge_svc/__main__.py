"""``python -m knowledge_svc ROLE``: one role of the service in a process of its own."""

import sys

from hotline_chassis.processes import run_service
from knowledge_svc.main import build

ROLES = ("serve", "consume", "relay", "migrate")

if __name__ == "__main__":
    sys.exit(run_service("knowledge_svc", build, ROLES, sys.argv[1:]))
