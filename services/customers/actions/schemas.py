"""One action on many customers."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.customers.records.schemas import (
    MOST_ATTRIBUTES,
    MOST_ITEMS,
    AttributeName,
    AttributeValue,
    ItemProblem,
    Locale,
    TimeZone,
)
from shared.contracts.customers import Channel
from shared.http.schemas import Model, Name


class Changes(Model):
    """What many customers can have alike. What is left out stays, null clears, attributes are merged by name."""

    locale: Locale | None = None
    timezone: TimeZone | None = None
    company: Name | None = None
    preferred_channel: Channel | None = None
    attributes: dict[AttributeName, AttributeValue | None] = Field(default_factory=dict, max_length=MOST_ATTRIBUTES)

    def told(self) -> dict[str, Any]:
        """Only the fields that were sent, of which there is at least one."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Filter(Model):
    """As the list of customers takes it; `all` is everybody."""

    search: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    company_id: UUID | None = None
    all: bool = False

    @model_validator(mode="after")
    def says_whom(self) -> Self:
        if (self.search is None and self.company_id is None) != self.all:
            raise ValueError("name search or company_id, or say all")
        return self


class NewAction(Model):
    """Either `customer_ids` or a `filter`, and either `set` or `delete`.

    A filter is taken page by page: repeat the call with `?cursor=` as long as the answer has a `next_cursor`.
    """

    customer_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_ITEMS)] | None = None
    filter: Filter | None = None
    set: Changes | None = None
    delete: bool = False

    @model_validator(mode="after")
    def one_of_each(self) -> Self:
        if (self.customer_ids is None) == (self.filter is None):
            raise ValueError("name either customer_ids or a filter")
        if (self.set is None or not self.set.told()) != self.delete:
            raise ValueError("name either what to set, or delete")
        return self


class ActionItem(Model):
    customer_id: UUID
    status: Literal["changed", "unchanged", "deleted", "failed"]
    errors: list[ItemProblem]


class ActionOutcome(Model):
    """`failed` ones are as they were; the others are done."""

    changed: int
    unchanged: int
    deleted: int
    failed: int
    data: list[ActionItem]
    next_cursor: str | None
