"""What goes to the process that fits models, and what comes back."""

from base64 import b64decode

from pydantic import Field

from services.survey.learning.linear import Link
from shared.http.schemas import Model


class Row(Model):
    """A text and what a person said of it. `signals`: what else was known of it, by name, about -1 to 1."""

    text: str
    labels: list[str]
    signals: dict[str, float] = Field(default_factory=dict)


class Lesson(Model):
    rows: list[Row]
    labels: list[str]
    link: Link


class Learned(Model):
    """`content`: the packed model, base64. `held_out`: for each row the shares by a model that did not see it."""

    content: str
    held_out: list[dict[str, float]]

    @property
    def bytes(self) -> bytes:
        return b64decode(self.content)
