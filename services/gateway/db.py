"""The gateway's tables live in schema `gateway`; each feature declares its own."""

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import COLUMN_TYPES, service_metadata

SCHEMA = "gateway"


class Base(DeclarativeBase):
    metadata = service_metadata(SCHEMA)
    type_annotation_map = COLUMN_TYPES
