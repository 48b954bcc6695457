"""Alembic's entry for every service; `shared.db.migrations` hands over the connection and the service."""

from typing import Any

from alembic import context

from shared.db.migrations import VERSION_TABLE
from shared.service import Service

service: Service = context.config.attributes["service"]


def only_own_schema(name: str | None, kind: str, parents: Any) -> bool:
    return name == service.name if kind == "schema" else True


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=service.metadata,
    version_table=VERSION_TABLE,
    version_table_schema=service.name,
    include_schemas=True,
    include_name=only_own_schema,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
