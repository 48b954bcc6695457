"""How an account sets an external model, whatever it is for."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.http.schemas import Model, Name


class ExternalModelIn(Model):
    """`base_url`: where `/chat/completions` is below, of OpenAI or whoever speaks its API. `api_key` is not shown
    again; left out, the one that is there stays. Once a cap is reached nothing is sent until the next month."""

    enabled: bool
    base_url: Annotated[str, Field(min_length=1, max_length=2_000, examples=["https://models.example/v1"])]
    model: Name
    api_key: Annotated[str | None, Field(min_length=1, max_length=1_000)] = None
    monthly_calls: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000
    monthly_characters: Annotated[int, Field(ge=100, le=2_000_000_000)] = 1_000_000


class ExternalModelOut(Model):
    """What was used this month, in requests and characters sent. `note`: why it was switched off."""

    version: int
    enabled: bool
    base_url: str
    model: str
    has_api_key: bool
    monthly_calls: int
    monthly_characters: int
    month: str
    calls_used: int
    characters_used: int
    note: str | None
    updated_by: str
    updated_at: datetime
