"""From a delivery to items, by the rules of a mapping. Every field that cannot be read is named, not only the first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.survey.adapters.base import Received, Unreadable
from services.survey.adapters.currencies import in_main_units
from services.survey.adapters.reading import Amount, Currency, json_of, money, person, version_at, without_nones
from services.survey.adapters.reviews import rating
from services.survey.hearing.canonical import (
    ActivityItem,
    Author,
    ConsentItem,
    FeedbackItem,
    Item,
    ItemRating,
    PrivacyItem,
    version_of,
)
from services.survey.mapping.config import (
    DEEPEST,
    ActivityRule,
    AmountRule,
    AuthorRule,
    ConsentRule,
    FeedbackRule,
    IgnoreRule,
    JsonSettings,
    Pairs,
    PrivacyRule,
    RatingRule,
    Rule,
    is_deeper,
)
from services.survey.mapping.values import MOST, Place, Value, holds, looked_up, number, text, text_of, time_of, truth
from services.survey.mapping.values import value_of as raw_of
from shared.contracts.activities import ActivityAmount

_TEXTS: Final = ("title", "text", "language", "product_ref", "order_ref", "location_ref", "url")
_LINKS: Final = ("thread", "in_reply_to", "touchpoint")
_AMOUNT: Final = TypeAdapter[Decimal](Amount)
_CURRENCY: Final = TypeAdapter[str](Currency)
_MOST_TOLD: Final = 20
# What JSON readers keep exactly (RFC 8259, section 6).
_LARGEST: Final = 2**53
T = TypeVar("T")


class Problem(NamedTuple):
    """`place` in the mapping, such as `rules/0/rating`; `detail` quotes nothing of the content."""

    place: str
    detail: str


class Unmapped(Unreadable):
    """The mapping does not fit the delivery."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(f"{place}: {detail}." for place, detail in problems[:3]))
        self.problems = list(problems[:_MOST_TOLD])


@dataclass(slots=True)
class _Fields:
    """Reads one field after the other, and goes on when one of them cannot be read."""

    rule: str
    problems: list[Problem] = field(default_factory=list)

    def get(self, name: str, read: Callable[..., T], *given: Any) -> T | None:
        try:
            return read(*given)
        except ValidationError:
            self.problems.append(Problem(f"{self.rule}/{name}", "is not what it should be"))
        except (ValueError, Unreadable) as problem:
            self.problems.append(Problem(f"{self.rule}/{name}", str(problem).rstrip(".")))
        return None


def read_items(mapping: JsonSettings, received: Received) -> list[Item]:
    """Raises `Unreadable`, and `Unmapped` where fields are wrong."""
    body = json_of(received.body)
    if is_deeper(body, DEEPEST):
        raise Unreadable(f"The body nests deeper than {DEEPEST}.")
    whole = Place(body, body, body, received)
    _refuse(mapping, whole)
    found = looked_up(mapping.items, whole)
    elements = found if isinstance(found, list) and "[*]" in mapping.items else [] if found is None else [found]
    if not elements and "[*]" not in mapping.items:
        raise Unmapped([Problem("items", "is not there")])
    items: list[Item] = []
    problems: list[Problem] = []
    for element in elements[: MOST + 1]:
        fitting = list(_fitting(mapping, Place(element, element, body, received), problems))
        for name, rule, place in fitting:
            if not isinstance(rule, IgnoreRule):
                items += _made(_Fields(name), rule, place, problems)
        if not fitting and mapping.otherwise == "quarantine":
            problems.append(Problem("rules", "none of them fits"))
    if len(items) > MOST or len(elements) > MOST:
        raise Unreadable(f"At most {MOST} things may come at once.")
    if problems:
        raise Unmapped(problems)
    return items


def _refuse(mapping: JsonSettings, whole: Place) -> None:
    for index, refusal in enumerate(mapping.refuse):
        try:
            applies = holds(refusal.when, whole)
        except ValueError as problem:
            raise Unmapped([Problem(f"refuse/{index}/when", str(problem))]) from None
        if applies:
            raise Unreadable(refusal.because)


def _fitting(mapping: JsonSettings, at: Place, problems: list[Problem]) -> Iterator[tuple[str, Rule, Place]]:
    for index, rule in enumerate(mapping.rules):
        below = looked_up(rule.each, at) if rule.each else at.here
        for here in (below if isinstance(below, list) and rule.each else [below])[: MOST + 1]:
            place = Place(here, at.item, at.body, at.received)
            try:
                if here is not None and holds(rule.when, place):
                    yield f"rules/{index}", rule, place
            except ValueError as problem:
                problems.append(Problem(f"rules/{index}/when", str(problem)))


def _made(
    fields: _Fields,
    rule: FeedbackRule | ActivityRule | ConsentRule | PrivacyRule,
    at: Place,
    problems: list[Problem],
) -> list[Item]:
    values = _common(fields, rule, at)
    make: Callable[..., Item]
    match rule:
        case FeedbackRule():
            make, more = FeedbackItem, _feedback(fields, rule, at)
        case ActivityRule():
            make, more = ActivityItem, _activity(fields, rule, at)
        case ConsentRule():
            granted = fields.get("granted", truth, rule.granted, at)
            make, more = ConsentItem, {"channel": rule.channel, "granted": granted, "proof": rule.proof}
        case _:
            make, more = PrivacyItem, {"request": rule.request}
    if fields.problems:
        problems += fields.problems
        return []
    try:
        return [make(**values, **without_nones(more))]
    except ValidationError as wrong:
        for each in wrong.errors(include_url=False, include_context=False, include_input=False):
            name = {"external_id": "id", "external_version": "version"}.get(str(each["loc"][0]), str(each["loc"][0]))
            problems.append(Problem(f"{fields.rule}/{name}", each["msg"]))
    return []


def _common(
    fields: _Fields, rule: FeedbackRule | ActivityRule | ConsentRule | PrivacyRule, at: Place
) -> dict[str, Any]:
    stamp = fields.get("time", time_of, rule.time, at)
    if rule.version_time is not None:
        changed = fields.get("version_time", time_of, rule.version_time, at)
        version = version_at(changed.at) if changed else None
    elif rule.version is not None:
        version = fields.get("version", text, rule.version, at)
    else:
        version = version_of(at.here)
    return without_nones(
        {
            "external_id": fields.get("id", _needed, rule.id, at),
            "external_version": version,
            "op": fields.get("op", text, rule.op, at),
            "occurred_at": stamp.at if stamp else None,
            "time_confidence": rule.time_confidence or (stamp.confidence if stamp else None),
            "author": fields.get("author", _author, rule.author, at) if rule.author else None,
        }
    )


def _feedback(fields: _Fields, rule: FeedbackRule, at: Place) -> dict[str, Any]:
    values: dict[str, Any] = {name: fields.get(name, text, getattr(rule, name), at) for name in _TEXTS + _LINKS}
    values |= {name: fields.get(name, truth, getattr(rule, name), at) for name in ("verified", "solicited")}
    dimensions = {name: fields.get(f"dimensions/{name}", text, spec, at) for name, spec in rule.dimensions.items()}
    tags = fields.get("tags", _pairs, rule.tags, at) if rule.tags else None
    return values | {
        "kind": rule.kind,
        "channel": rule.channel,
        "rating": fields.get("rating", _rating, rule.rating, at) if rule.rating else None,
        "dimensions": without_nones(dimensions) | (tags or {}),
    }


def _activity(fields: _Fields, rule: ActivityRule, at: Place) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: fields.get(name, text, getattr(rule, name), at) for name in ("name", "order_ref", "touchpoint")
    }
    amount = fields.get("amount", _amount, rule.amount, at) if rule.amount else None
    properties = {name: fields.get(f"properties/{name}", _plain, spec, at) for name, spec in rule.properties.items()}
    return values | {
        "kind": rule.kind,
        "amount": amount,
        "properties": without_nones(properties),
    }


def _needed(spec: Value, at: Place) -> str:
    value = text(spec, at)
    if value is None:
        raise ValueError("is not there")
    return value


def _author(rule: AuthorRule, at: Place) -> Author:
    author = person(
        name=text(rule.name, at),
        email=text(rule.email, at),
        phone=text(rule.phone, at),
        handle=text(rule.handle, at),
        verified=truth(rule.verified, at) is not False,
    )
    anonymous = truth(rule.anonymous, at)
    return author.model_copy(
        update={
            "external_id": text(rule.external_id, at),
            "anonymous": author.anonymous if anonymous is None else anonymous,
        }
    )


def _rating(rule: RatingRule, at: Place) -> ItemRating | None:
    raw = text(rule.value, at)
    if raw is None:
        return None
    value = raw if rule.values is None else str(rule.values[raw]) if raw in rule.values else None
    if value is None:
        raise ValueError("is none of its values")
    read = rating(value, rule.minimum, rule.maximum, rule.kind)
    return read.model_copy(update={"raw": raw}) if read else None


def _amount(rule: AmountRule, at: Place) -> ActivityAmount | None:
    written, currency = raw_of(rule.value, at), text(rule.currency, at)
    if written is None or currency is None:
        return None
    checked = _CURRENCY.validate_python(currency)
    units = number(written)
    return money(_AMOUNT.validate_python(in_main_units(units, checked) if rule.minor_units else units), checked)


def _pairs(rule: Pairs, at: Place) -> dict[str, str]:
    found = looked_up(rule.each, at)
    places = [Place(each, at.item, at.body, at.received) for each in (found if isinstance(found, list) else [])]
    pairs = [(text(rule.name, place), text(rule.value, place)) for place in places[:MOST]]
    return {name: value for name, value in pairs if name is not None and value is not None}


def _plain(spec: Value, at: Place) -> Any:
    """A property: numbers as numbers, lists of texts; what is an object itself is left in the raw delivery."""
    value = raw_of(spec, at)
    if isinstance(value, Decimal):
        is_whole = value == value.to_integral_value() and abs(value) < _LARGEST
        return int(value) if is_whole else text_of(value)
    if isinstance(value, list):
        return [text_of(each) for each in value]
    if isinstance(value, dict):
        raise ValueError("is an object; name what in it is wanted")
    return value
