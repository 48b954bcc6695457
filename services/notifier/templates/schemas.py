"""Templates in requests and answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.http.schemas import LongText, Model


class TemplateText(Model):
    """A whole new text. Variables are written `{{ ticket.number }}`-like; see `variables` of the template."""

    subject: Annotated[str, Field(min_length=1, max_length=500)]
    text: LongText
    mjml: Annotated[str, Field(max_length=50_000, description="https://documentation.mjml.io")]
    sms: Annotated[str, Field(max_length=1_600, description="For text messages. As it was, if left out.")] | None = None


class TemplateOut(Model):
    id: UUID
    key: str
    locale: str
    event_type: str | None = Field(description="The event that the variables come from.")
    variables: list[str]
    subject: str
    text: str
    sms: str
    mjml: str
    version: int
    updated_at: datetime


class PreviewRequest(Model):
    """An unsaved text to look at, and values for its variables; examples stand in for what is not given."""

    template: TemplateText | None = None
    variables: dict[str, Any] = Field(default_factory=dict)


class Preview(Model):
    """`sms` is what would be sent as a text message."""

    subject: str
    text: str
    sms: str
    html: str
