"""``make snapshots``: writes what was agreed anew, and refuses changes that need a new version.

A type that no release has published yet may still be changed: delete its snapshot and its sample first, so that the
review sees it.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hotline_contracts.events.registry import EVENTS

from .event_samples import store_missing
from .event_schemas import AGREED, agreed, breaks, current, schema_of
from .openapi_document import DOCUMENT, joined_document


def refused(agreed_before: Mapping[str, str]) -> list[str]:
    """Changes of agreed events that readers would not survive, and agreed events that are gone."""
    found = []
    for name, before in agreed_before.items():
        if name not in EVENTS:
            found.append(f"{name} is gone")
        else:
            found += [
                f"{name}: {what}" for what in breaks(msgspec.json.decode(before), schema_of(EVENTS[name]))
            ]
    return found


def write_events(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in current().items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if broken := refused(agreed()):
        sys.exit("These need a new version (.v2) beside the old one:\n" + "\n".join(broken))
    write_events(AGREED)
    store_missing()
    with tempfile.TemporaryDirectory() as data_dir:
        DOCUMENT.write_text(asyncio.run(joined_document(Path(data_dir))), encoding="utf-8")
