"""The joined OpenAPI document as a client of a whole running system gets it."""

import json
from pathlib import Path
from typing import Any

from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine
from hotline_local.web import gateway_of

DOCUMENT = Path(__file__).parent / "snapshots/openapi.json"


async def joined_document(machine: Machine) -> str:
    """Snapshot text."""
    client = GatewayClient(gateway_of(machine, access_log=False))
    document = await client.get("/openapi.json", token=machine.issuer.issue(["auditor"]))
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def operations(document: dict[str, Any]) -> dict[str, Any]:
    """What each ``METHOD /path`` says, by that name."""
    return {
        f"{method.upper()} {path}": said
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Operations and models that came, went or changed."""
    found = []
    for kind, old, new in (
        ("operation", operations(before), operations(after)),
        ("model", before["components"]["schemas"], after["components"]["schemas"]),
    ):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                what = "is gone" if name not in new else "is new" if name not in old else "changed"
                found.append(f"{kind} {name} {what}")
    return found
