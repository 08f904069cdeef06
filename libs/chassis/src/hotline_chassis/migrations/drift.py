"""Does the schema the migrations made equal the tables the code describes?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

SCRATCH_SCHEMA = "drift_scratch"
# PostgreSQL itself writes both definitions, so equal expressions are equal texts.
DEFINITIONS = """
SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = $1::regnamespace
UNION ALL
SELECT 'constraint', conname, conrelid::regclass::text || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype IN ('c', 'x')
"""


async def drift(dsn: Mapping[str, Any], metadata: "MetaData") -> list[Any]:
    """Compare the tables of the code with those of a migrated database; empty when they agree.

    Tables, columns, types, defaults, nullability, indexes with their predicates, unique, foreign, check and
    exclusion constraints are compared; triggers, functions and grants are not. The database is left as it was.

    Returns:
        Alembic's difference tuples, as `("remove_column", None, "ticket", Column(…))`, and for what Alembic does
        not see `("only_in_code" or "only_in_database", "index" or "constraint", name, definition)`.
    """
    from hotline_chassis.migrations.engine import connected

    async with connected(dsn) as connection:
        return await connection.run_sync(_compare, metadata)


def _compare(connection: "Connection", metadata: "MetaData") -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
    )
    return [*compare_metadata(context, metadata), *_compare_definitions(connection, metadata)]


def _compare_definitions(connection: "Connection", metadata: "MetaData") -> list[Any]:
    database = _definitions(connection, "public")
    connection.exec_driver_sql(f"CREATE SCHEMA {SCRATCH_SCHEMA}")
    metadata.create_all(connection.execution_options(schema_translate_map={None: SCRATCH_SCHEMA}))
    code = _definitions(connection, SCRATCH_SCHEMA)
    connection.rollback()
    return [
        *(("only_in_code", *definition) for definition in sorted(code - database)),
        *(("only_in_database", *definition) for definition in sorted(database - code)),
    ]


def _definitions(connection: "Connection", schema: str) -> set[tuple[str, ...]]:
    rows = connection.exec_driver_sql(DEFINITIONS, (schema,))
    found = {tuple(str(value).replace(f"{schema}.", "") for value in row) for row in rows}
    return {row for row in found if not row[1].startswith("alembic_version")}
