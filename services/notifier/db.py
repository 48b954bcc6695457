"""The notifier's tables derive from `Base`."""

from typing import ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase

from shared.db.base import COLUMN_TYPES, service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata("notifier")
    type_annotation_map: ClassVar = COLUMN_TYPES | {str: Text()}
