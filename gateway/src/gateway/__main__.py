"""``python -m gateway serve``: the public edge as a process of its own."""

import sys

from gateway.production import serve
from hotline_chassis.processes.program import run
from hotline_chassis.processes.settings import GatewaySettings

ROLES = ("serve",)

if __name__ == "__main__":
    sys.exit(run("gateway", {"serve": serve}, GatewaySettings, sys.argv[1:]))
