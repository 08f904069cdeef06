from evaluation_svc.adapters.tables import METADATA
from hotline_chassis.migrations import drift
from hotline_chassis.testing.postgres import DatabaseFactory


async def test_the_migrations_make_exactly_the_tables_that_the_code_describes(
    database_factory: DatabaseFactory,
) -> None:
    assert await drift(await database_factory("evaluation_svc"), METADATA) == []
