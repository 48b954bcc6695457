"""The declarative base of the metrics service's own schema."""

from typing import Any, ClassVar

from sqlalchemy.orm import DeclarativeBase

from shared.db.aliases import aliases_in
from shared.db.base import COLUMN_TYPES, service_metadata
from shared.dispatch.tables import dispatches_in


class Base(DeclarativeBase):
    metadata = service_metadata("metrics")
    type_annotation_map: ClassVar[dict[Any, Any]] = COLUMN_TYPES


# Customers who were merged into others. These tables say whose a row is, and under whose identity it came.
MERGED_CUSTOMERS = aliases_in(
    Base.metadata,
    *(
        "facts",
        "people",
        "ticket_steps",
        "ticket_facts",
        "activities",
        "askings",
        "attempts",
        "talks",
        "assignments",
        "initiative_members",
    ),
    present="customer_id",
    origin="origin_customer_id",
)

dispatches_in(Base.metadata)
