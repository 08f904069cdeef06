"""The schema, and every statement on the oldest and the newest server."""

from typing import Any

from hotline_chassis.migrations import drift
from knowledge_svc.adapters.tables import METADATA

from .conftest import BY, Knowledge, done


async def test_the_migrations_make_the_tables_that_the_code_describes(
    knowledge_of_each_version: Knowledge,
) -> None:
    assert await drift(knowledge_of_each_version.dsn, METADATA) == []


async def test_every_statement_runs_on_the_oldest_and_the_newest_server(
    knowledge_of_each_version: Knowledge,
) -> None:
    knowledge = knowledge_of_each_version
    entry = await knowledge.published()
    await knowledge.revised(entry, title="居民身份证换领、补领指南")
    assert await knowledge.titles("身份证 补领") == ["居民身份证换领、补领指南"]
    readers: list[dict[str, Any]] = [{"role": "agent"}, {"role": "reviewer"}, BY["withdraw"]]
    for who in readers:
        listed = await done(knowledge.ask("GET", "/entries?kind=guide&unit=520400-D01", **who))
        assert [item["version"] for item in listed["items"]] == [2]
    versions = await done(knowledge.ask("GET", f"/entries/{entry['entry_id']}/versions"))
    assert [item["state"] for item in versions["items"]] == ["published", "superseded"]
    await done(knowledge.act(entry, "withdraw"))
    assert await knowledge.search("身份证") == []


async def test_what_another_edition_of_the_segmenter_indexed_is_indexed_again(knowledge: Knowledge) -> None:
    await knowledge.published()
    async with knowledge.service.database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE search_documents SET edition = 'older', grams = '{}', title_grams = '{}', words = ''"
        )
    assert await knowledge.search("身份证") == []
    assert knowledge.service.seed is not None
    for _ in range(2):
        await knowledge.service.seed()
    assert len(await knowledge.search("身份证")) == 1
