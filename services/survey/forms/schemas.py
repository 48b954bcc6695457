"""What visitors of a business's own pages send: by the contact form, and by the chat."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from services.survey.definition.texts import Locale
from services.survey.responses.schemas import DimensionName, DimensionValue, Email, PersonName, Phone
from services.survey.widget.schemas import Submission, Token
from shared.http.schemas import Model, ShortText

MOST_DIMENSIONS = 20


def says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


class Visitor(Model):
    """Who writes. What they say of themselves is not proven; `identity` is, by the owner's own server."""

    name: PersonName | None = None
    email: Email | None = None
    phone: Phone | None = None
    identity: Token | None = None
    language: Locale | None = None
    page: Annotated[str, Field(max_length=2_000)] | None = None
    stamp: Annotated[str, Field(max_length=100)] | None = None
    trap: Annotated[str, Field(max_length=2_000)] = ""
    proof: Annotated[str, Field(max_length=2_000)] | None = None

    @field_validator("name", "email", "phone", "identity", "language", "page", "stamp", "proof", mode="before")
    @classmethod
    def empty_is_nothing(cls, value: Any) -> Any:
        """A form sends what was left empty, too."""
        return None if isinstance(value, str) and not value.strip() else value


class FormMessage(Visitor):
    """`submission_id`, at random, makes sending it twice the same as once."""

    submission_id: Submission
    subject: ShortText | None = None
    text: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(says_something)]
    dimensions: Annotated[dict[DimensionName, DimensionValue], Field(max_length=MOST_DIMENSIONS)] = Field(
        default_factory=dict
    )
