"""The survey service's tables live in schema `survey`; each feature declares its own."""

from typing import Any, ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase

from shared.db.aliases import aliases_in
from shared.db.base import COLUMN_TYPES, service_metadata
from shared.dispatch.tables import dispatches_in

SCHEMA = "survey"
# Signs in for the intakes. It may run `survey.accept_responses` and `survey.accept_deliveries`, and read nothing.
INTAKE_ROLE = "heed_survey_intake"


class Base(DeclarativeBase):
    metadata = service_metadata(SCHEMA)
    type_annotation_map: ClassVar[dict[Any, Any]] = {**COLUMN_TYPES, str: Text()}


# Customers who were merged into others. These tables say whose a row is, and under whose identity it came.
MERGED_CUSTOMERS = aliases_in(
    Base.metadata,
    "assignments",
    "attempts",
    "exposures",
    "feedback",
    "invitations",
    "recurring_customers",
    "refusals",
    present="customer_id",
    origin="origin_customer_id",
)
dispatches_in(Base.metadata)
