"""Bodies of `/v1/surveys/{id}/experiments`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.survey.policies.schemas import Percent
from shared.http.schemas import LongText, Model, Name

HOLDOUT = "holdout"
VariantKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Variant(Model):
    """One way of asking. `weight`: its share among the variants. Of a survey: `survey_id`, another published survey
    that is asked instead; of an invitation: `subject` and `text`, in place of the template's. With none of these it is
    as it always was, to compare with."""

    key: VariantKey
    weight: Annotated[int, Field(ge=1, le=1_000)] = 1
    survey_id: UUID | None = None
    subject: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    text: LongText | None = None


class Experiment(Model):
    """`holdout_percent` of the customers are not asked at all, to see what asking itself does."""

    name: Name
    of: Literal["survey", "invitation"]
    variants: Annotated[list[Variant], Field(min_length=2, max_length=10)]
    holdout_percent: Percent = Decimal(0)

    @model_validator(mode="after")
    def has_variants_that_differ(self) -> Self:
        keys = [variant.key for variant in self.variants]
        if len(set(keys)) < len(keys) or HOLDOUT in keys:
            raise ValueError(f"each variant needs a key of its own, and `{HOLDOUT}` is not one")
        of_survey = self.of == "survey"
        for variant in self.variants:
            if of_survey and (variant.subject or variant.text):
                raise ValueError("variants of a survey have a survey_id, not a subject or a text")
            if not of_survey and variant.survey_id:
                raise ValueError("variants of an invitation have a subject or a text, not a survey_id")
        ways = {(variant.survey_id, variant.subject, variant.text) for variant in self.variants}
        if len(ways) < len(self.variants):
            raise ValueError("two variants are the same; there is nothing to compare")
        return self


class ExperimentOut(Experiment):
    """`assigned`: how many customers each variant has, the holdout among them."""

    id: UUID
    survey_id: UUID
    assigned: dict[str, int]
    created_at: datetime
    ended_at: datetime | None
