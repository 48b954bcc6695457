"""A mapping: how a sender signs, what it asks first, and by which rules its JSON becomes what Heed hears."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from services.survey.hearing.canonical import FeedbackKind, PrivacyRequest, RatingKind, TimeConfidence
from services.survey.mapping.auth import Auth
from services.survey.mapping.values import Condition, Part, Path, Spec, Time
from shared.contracts.activities import ActivityKind
from shared.http.schemas import Model

DEEPEST: Final = 50
Key = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,50}$")]


class EchoQuery(Part):
    """A GET with `param` is answered with its value if `token_param` holds the handshake token of the secrets."""

    kind: Literal["echo_query"]
    param: Key
    token_param: Key


class EchoJson(Part):
    """A signed POST with `field` at the top of its JSON is answered with its value."""

    kind: Literal["echo_json"]
    field: Key


class FormPing(Part):
    """An unsigned form of nothing but `field` and a number is answered with `ok`, and kept nowhere."""

    kind: Literal["form_ping"]
    field: Key


Handshakes = Annotated[EchoQuery | EchoJson | FormPing, Field(discriminator="kind")]


class AuthorRule(Part):
    """`verified`: whether the sender vouches for e-mail and phone (yes, if nothing is said). `anonymous`: if nothing is
    said, whoever has no name, e-mail, phone or handle."""

    name: Spec | None = None
    email: Spec | None = None
    phone: Spec | None = None
    handle: Spec | None = None
    external_id: Spec | None = None
    verified: Spec | None = None
    anonymous: Spec | None = None


class RatingRule(Part):
    """`values` turns words into numbers, such as `{"FIVE": 5}`; what is kept as raw is the word. Where the scale
    begins above 0, 0 means not rated."""

    value: Spec
    minimum: int = Field(1, ge=-1_000, le=1_000)
    maximum: int = Field(5, ge=-1_000, le=1_000)
    kind: RatingKind = "stars"
    values: dict[str, int] | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def is_a_scale(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError("`minimum` lies below `maximum`")
        return self


class AmountRule(Part):
    """`minor_units`: 1250 means 12.50 EUR, 1250 JPY and 1.250 KWD."""

    value: Spec
    currency: Spec
    minor_units: bool = False


class Pairs(Part):
    """For lists of names and values, such as tags: under `each`, where they stand."""

    each: Path
    name: Spec
    value: Spec


class _Rule(Part):
    """Applies to each element at `items`, or to everything below it at `each`, for which `when` holds.

    `version` changes with every edit: a text, or with `version_time` a time; if neither is given, a hash of all.
    """

    when: list[Condition] = Field(default_factory=list, max_length=20)
    each: Path | None = None
    id: Spec
    version: Spec | None = None
    version_time: Time | None = None
    op: Spec | None = None
    time: Time | None = None
    time_confidence: TimeConfidence | None = None
    author: AuthorRule | None = None


class FeedbackRule(_Rule):
    what: Literal["feedback"]
    kind: FeedbackKind
    channel: Word
    rating: RatingRule | None = None
    title: Spec | None = None
    text: Spec | None = None
    language: Spec | None = None
    product_ref: Spec | None = None
    order_ref: Spec | None = None
    location_ref: Spec | None = None
    url: Spec | None = None
    verified: Spec | None = None
    solicited: Spec | None = None
    thread: Spec | None = None
    in_reply_to: Spec | None = None
    touchpoint: Spec | None = None
    dimensions: dict[Key, Spec] = Field(default_factory=dict, max_length=20)
    tags: Pairs | None = None


class ActivityRule(_Rule):
    what: Literal["activity"]
    kind: ActivityKind
    name: Spec | None = None
    amount: AmountRule | None = None
    order_ref: Spec | None = None
    touchpoint: Spec | None = None
    properties: dict[Key, Spec] = Field(default_factory=dict, max_length=50)


class ConsentRule(_Rule):
    what: Literal["consent"]
    channel: Literal["email", "sms", "whatsapp"]
    granted: Spec
    proof: str = Field(min_length=1, max_length=200)


class PrivacyRule(_Rule):
    what: Literal["privacy"]
    request: PrivacyRequest


class IgnoreRule(Part):
    """What is known and not wanted."""

    what: Literal["ignore"]
    when: list[Condition] = Field(default_factory=list, max_length=20)
    each: Path | None = None


Rule = Annotated[FeedbackRule | ActivityRule | ConsentRule | PrivacyRule | IgnoreRule, Field(discriminator="what")]


class Refusal(Part):
    """A delivery of which `when` holds is put aside, `because`."""

    when: list[Condition] = Field(min_length=1, max_length=10)
    because: str = Field(min_length=1, max_length=300)


class JsonSettings(Model):
    """All rules that fit are applied, in their order. `otherwise`: what becomes of an element that none of them fits.

    `refuse` is asked first, about the whole body.
    """

    auth: Auth = Field(
        description="How the sender proves that it is the sender; see the guide, or start from a preset."
    )
    handshake: Handshakes | None = Field(None, description="What the sender asks before it sends, if it asks.")
    refuse: list[Refusal] = Field(default_factory=list, max_length=10, description="What is put aside at once.")
    items: Path = Field("$", description="Where in the body the things stand, such as `$.events[*]`.")
    rules: list[Rule] = Field(min_length=1, max_length=50, description="What each of them becomes.")
    otherwise: Literal["ignore", "quarantine"] = Field(
        "quarantine", description="What becomes of an element that no rule fits."
    )

    _headers: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def headers(self) -> frozenset[str]:
        """Those that the rules read."""
        return self._headers

    def model_post_init(self, context: Any) -> None:
        self._headers = frozenset(_headers_of([rule.model_dump() for rule in self.rules]))

    @model_validator(mode="before")
    @classmethod
    def is_not_too_deep(cls, given: Any) -> Any:
        if is_deeper(given, DEEPEST):
            raise ValueError(f"nests deeper than {DEEPEST}")
        return given

    @model_validator(mode="after")
    def is_signed_enough(self) -> Self:
        """Whoever learns an address may tell lies with it, and no more: buys, agrees and erases nothing."""
        if self.auth.kind == "address":
            wrong = [n for n, rule in enumerate(self.rules) if rule.what not in {"feedback", "ignore"}]
            if wrong:
                raise ValueError(
                    f"with auth `address` rules make feedback only; see rules {', '.join(map(str, wrong))}"
                )
        return self


def is_deeper(value: Any, most: int) -> bool:
    if isinstance(value, dict | list):
        below = value.values() if isinstance(value, dict) else value
        return most == 0 or any(is_deeper(each, most - 1) for each in below)
    return False


def _headers_of(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "header" and isinstance(value, str):
                yield value
            else:
                yield from _headers_of(value)
    elif isinstance(part, list):
        for each in part:
            yield from _headers_of(each)
