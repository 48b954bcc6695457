"""The notifier's tables derive from `Base`."""

from typing import ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase

from shared.db.aliases import aliases_in
from shared.db.base import COLUMN_TYPES, service_metadata
from shared.dispatch.tables import dispatches_in


class Base(DeclarativeBase):
    metadata = service_metadata("notifier")
    type_annotation_map: ClassVar = COLUMN_TYPES | {str: Text()}


# Customers who were merged into others. These tables say whose a row is, and under whose identity it came.
MERGED_CUSTOMERS = aliases_in(
    Base.metadata, "messages", "rule_runs", "consents", present="customer_id", origin="origin_customer_id"
)
dispatches_in(Base.metadata)
