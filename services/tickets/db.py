"""The declarative base of the tickets service's own schema."""

from typing import Any, ClassVar

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import COLUMN_TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata("tickets")
    type_annotation_map: ClassVar[dict[Any, Any]] = COLUMN_TYPES
