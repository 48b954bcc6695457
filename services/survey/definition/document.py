"""A whole survey as it is written down: pages of questions, the way through them, and how it ends."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.survey.definition.conditions import Condition, Reference
from services.survey.definition.questions import SCORED, Amount, Question, Scored
from services.survey.definition.texts import Key, Label, Locale, Text
from shared.http.schemas import Model

Color = Annotated[str, StringConstraints(pattern="^#[0-9a-f]{6}$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$", max_length=2_000)]
# A jump's target that is no page: the survey ends, with the first ending whose condition holds.
END: Literal["end"] = "end"


class Variable(Model):
    """Kept while somebody answers; text or number by its `initial` value."""

    key: Key
    initial: Amount | Annotated[str, StringConstraints(max_length=200)]


class HiddenField(Model):
    """Given with the link (`?plan=pro`), the widget or the invitation; at most 200 characters, shown only if piped.

    With `dimension`, metrics can be broken down by it.
    """

    key: Key
    dimension: bool = False


class Calculation(Model):
    """Done when the page is left, in order, with a `value` or something the attempt knows; without one, no change."""

    variable: Key
    operation: Literal["set", "add", "subtract", "multiply", "divide", "append"]
    value: Amount | Annotated[str, StringConstraints(max_length=200)] | None = None
    operand: Reference | None = None
    when: Condition | None = None


class Jump(Model):
    """The first whose condition holds (or has none) leads on, to a later page, an ending's key, or `end`."""

    to: Key
    when: Condition | None = None


class Page(Model):
    key: Key
    title: Text | None = None
    questions: Annotated[list[Question], Field(min_length=1, max_length=50)]
    calculations: Annotated[list[Calculation], Field(max_length=50)] = Field(default_factory=list)
    jumps: Annotated[list[Jump], Field(max_length=50)] = Field(default_factory=list)


class Link(Model):
    label: Label
    url: HttpsUrl


class Ending(Model):
    """What the respondent sees last: the first whose condition holds, or the one that was jumped to.

    `screened_out`: whoever ends here is not counted as having answered completely.
    """

    key: Key
    title: Text
    text: Text | None = None
    when: Condition | None = None
    link: Link | None = None
    screened_out: bool = False


class Quota(Model):
    """At most `limit` submissions that meet the condition; the next one ends at `ending`.

    `counts`: those that were completed, or all that came so far as to meet it.
    """

    key: Key
    when: Condition | None = None
    limit: Annotated[int, Field(ge=0, le=10_000_000)]
    counts: Literal["completed", "started"] = "completed"
    ending: Key | None = None


class Theme(Model):
    """Colours of the hosted page and the widget; refused where nobody could read them (WCAG 2.2, 1.4.3 and 1.4.11)."""

    accent: Color = "#0b6b63"
    accent_dark: Color | None = None
    logo_file_id: str | None = None
    logo_alt: Label | None = None


class Definition(Model):
    """`locales`: the languages it must be complete in, the default first. `review`: a link to leave a public review,
    shown to everybody who answers or (left out) to nobody; it cannot depend on what was answered."""

    locales: Annotated[list[Locale], Field(min_length=1, max_length=50)] = Field(default_factory=lambda: ["en"])
    pages: Annotated[list[Page], Field(min_length=1, max_length=100)]
    variables: Annotated[list[Variable], Field(max_length=50)] = Field(default_factory=list)
    hidden_fields: Annotated[list[HiddenField], Field(max_length=50)] = Field(default_factory=list)
    quotas: Annotated[list[Quota], Field(max_length=50)] = Field(default_factory=list)
    endings: Annotated[list[Ending], Field(max_length=50)] = Field(default_factory=list)
    review: Link | None = None
    theme: Theme = Field(default_factory=Theme)
    # Nobody, not even with the database before them, can tell whose answer it is.
    anonymous: bool = False
    # The respondent may change or delete the answer afterwards by the link on the last page.
    receipt: bool = True
    # A little arithmetic for the respondent's device, against programs that fill in forms.
    proof_of_work: bool = False

    @property
    def questions(self) -> Iterator[Question]:
        """In their order, those that ask nothing included."""
        return (question for page in self.pages for question in page.questions)

    @property
    def scored(self) -> Iterator[Scored]:
        return (question for question in self.questions if isinstance(question, SCORED))

    @property
    def score(self) -> Scored | None:
        """The first that is scored: an invitation shows it, and its answer is the score of the response."""
        return next(self.scored, None)
