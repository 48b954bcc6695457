"""Bodies of `/v1/text-models`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.survey.learning.models import PRECISION, Kind, ModelState
from shared.http.schemas import Model


class NewTextModel(Model):
    """Learn from the corrections that there are. `precision`: how often the model has to be right where it speaks."""

    kind: Kind
    precision: Annotated[float, Field(ge=0.5, le=0.99)] = PRECISION


class LabelCount(Model):
    """How many corrections say so."""

    label: str
    corrections: int


class FiguresOut(Model):
    """Measured on corrections that the model had not seen (5 folds). `coverage`: the part of the decisions in which it
    speaks; `accuracy`: how often it is right there; `built_in`: how often the built-in reading is right in the same
    places; `together`: how often the two are right, with the built-in one speaking where the model abstains; `before`:
    the built-in one alone. `confirmed`: corrections that said the same as the label that stood there."""

    decisions: int
    coverage: float
    accuracy: float | None
    built_in: float | None
    together: float
    before: float
    confirmed: int
    labels: list[LabelCount]


class TextModelOut(Model):
    """`name` stands on the labels that it makes. `thresholds`: `at_least` for a sentiment; `yes` and `no` for a topic
    that is added or taken away. `note`: why it is not active, or why training failed."""

    id: UUID
    kind: Kind
    version: int
    name: str
    state: ModelState
    active: bool
    precision: float
    corrections: int
    thresholds: dict[str, float]
    figures: FiguresOut | None
    note: str | None
    requested_by: str
    created_at: datetime
    trained_at: datetime | None
