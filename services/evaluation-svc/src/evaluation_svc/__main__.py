"""``python -m evaluation_svc ROLE``: one role of the service in a process of its own."""

import sys

from evaluation_svc.main import build
from hotline_chassis.processes import run_service

ROLES = ("serve", "consume", "relay", "migrate")

if __name__ == "__main__":
    sys.exit(run_service("evaluation_svc", build, ROLES, sys.argv[1:]))
