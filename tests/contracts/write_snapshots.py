"""``make snapshots``: writes what was agreed anew, and refuses changes that need a new version.

A type that no release has published yet may still be changed: delete its snapshot and its sample first, so that the
review sees it.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from hotline_local.machine import running_machine

from .asyncapi_document import SERVED, document_text, parties_of
from .compatibility import Agreement, refusals
from .event_samples import store_missing
from .event_schemas import AGREED, AGREED_TOPICS, agreed, as_text, current
from .openapi_document import DOCUMENT, joined_document


def write_events(agreement: Agreement, folder: Path, topics: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in agreement.events.items():
        (folder / f"{name}.json").write_text(as_text(schema), encoding="utf-8")
    topics.write_text(as_text(agreement.topics), encoding="utf-8")


async def write_documents(data_dir: Path) -> None:
    """What a system that is started on ``data_dir`` for this says of its HTTP operations and its events."""
    async with running_machine(data_dir) as machine:
        DOCUMENT.write_text(await joined_document(machine), encoding="utf-8")
        SERVED.write_text(document_text(parties_of(machine)), encoding="utf-8")


if __name__ == "__main__":
    if refused := refusals(agreed(), current()):
        sys.exit("These need a new version (.v2) beside the old one:\n" + "\n".join(refused))
    write_events(current(), AGREED, AGREED_TOPICS)
    store_missing()
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(write_documents(Path(scratch)))
