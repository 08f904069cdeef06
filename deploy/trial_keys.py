# ruff: noqa: INP001  a script that Compose mounts, no part of a package
"""Keys and tokens of a trial with Docker Compose: ``make KEYS ISSUER`` once, ``token ISSUER ROLE [UNIT]`` as needed.

Production gets its master keys from a Secret and its tokens from the city's identity platform.
"""

import json
import os
import sys
from pathlib import Path

from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.web.dev_issuer import DevIssuer

PROCESSES = 65532
"""The user of every image; it owns what root makes here."""


def make(keys: Path, issuer: Path) -> None:
    MasterKeys.in_directory(keys)
    (keys / "jwks.json").write_text(json.dumps(DevIssuer(issuer, RealTime()).jwks()), encoding="utf-8")
    if os.geteuid() == 0:
        for path in (keys, *keys.iterdir()):
            os.chown(path, PROCESSES, PROCESSES)


def token(issuer: Path, role: str, unit: str | None = None) -> str:
    return DevIssuer(issuer, RealTime()).issue([role], unit=unit)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", keys, issuer]:
            make(Path(keys), Path(issuer))
        case ["token", issuer, role, *unit] if len(unit) <= 1:
            sys.stdout.write(token(Path(issuer), role, *unit) + "\n")
        case _:
            sys.exit(__doc__)
