"""Metadata and column types that every service's tables share."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from shared.bus.tables import add_bus_tables
from shared.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """`timestamptz` that takes aware datetimes only and gives them back in UTC. Raises `ValueError` on a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a datetime without a time zone reached the database: {value!r}")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None


def service_metadata(service: str) -> MetaData:
    """Metadata in the service's own schema, with the kit's tables in it."""
    metadata = MetaData(schema=service, naming_convention=NAMING)
    add_bus_tables(metadata)
    return metadata


# For a service's `class Base(DeclarativeBase): metadata = service_metadata("..."); type_annotation_map = COLUMN_TYPES`.
COLUMN_TYPES: dict[Any, Any] = {datetime: UTCDateTime(), UUID: Uuid()}


class AccountOwned:
    """Mix-in for tables with business data: the row belongs to one account, and row-level security looks here."""

    account_id: Mapped[UUID] = mapped_column(sort_order=-10)


class Identified:
    """Mix-in: a UUIDv7 primary key made by the application."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-20)
