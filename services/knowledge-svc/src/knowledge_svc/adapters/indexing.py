"""Bringing the search columns up to the segmenter of this release."""

from hotline_chassis.database import Database
from knowledge_svc.adapters import statements
from knowledge_svc.adapters.search_columns import columns_of
from knowledge_svc.application.ports import Segmenter


async def index_again(database: Database, segmenter: Segmenter) -> int:
    """Make anew what another edition of the segmenter made; returns how many documents that were.

    A query is cut by this release's segmenter: words that another one cut might never be asked for.
    """
    done = 0
    while True:
        async with database.transaction() as transaction:
            rows = await transaction.connection.fetch(statements.OF_OTHER_EDITION, segmenter.edition)
            for row in rows:
                columns = columns_of(segmenter, row["title"], row["body"])
                await transaction.connection.execute(
                    statements.INDEX_AGAIN,
                    row["entry_id"],
                    row["version"],
                    columns.title_text,
                    columns.body_text,
                    columns.words,
                    columns.title_grams,
                    columns.grams,
                    columns.edition,
                )
        if not rows:
            return done
        done += len(rows)
