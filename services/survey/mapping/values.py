"""Values of a mapping: where in a delivery something stands, and what is made of it. There is no code in them, and all
of it takes time in proportion to the delivery: patterns run on RE2."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, available_timezones

import re2
from pydantic import AfterValidator, BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic import model_validator as check

from services.survey.adapters.base import Received
from services.survey.adapters.markup import plain_text
from services.survey.adapters.reading import first_header, joined, shortened
from services.survey.adapters.reviews import Stamp
from services.survey.hearing.canonical import version_of
from shared.http.schemas import Model

MOST: Final = 500
_NOTHING: Final = {"", "null", "None"}
_ROOT: Final = re.compile(r"\$(body|item)?(?=[.\[]|$)")
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]{0,99})|\[([0-9]{1,4}|\*)\]|\['([^'\\]{1,100})'\]")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_DIRECTIVE: Final = re.compile("%(.)")
_DIRECTIVES: Final = set("YymdbBHIMSfpzj")
_LARGEST_EXPONENT: Final = 17
_LONGEST_NUMBER: Final = 100


class Steps(NamedTuple):
    root: str
    names: tuple[str | int | None, ...]


@lru_cache(maxsize=4_096)
def steps_of(path: str) -> Steps:
    """Raises ValueError."""
    root = _ROOT.match(path)
    if root is None:
        raise ValueError("a path begins with $ (what is read), $item (the item it is in) or $body (the whole body)")
    names: list[str | int | None] = []
    at = root.end()
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"a path goes on with .name, ['name'], [0] or [*]; see its character {at + 1}")
        name, index, quoted = step.groups()
        names.append(name or quoted or (None if index == "*" else int(index)))
        at = step.end()
    return Steps(root[1] or "", tuple(names))


def _path(value: str) -> str:
    steps_of(value)
    return value


def _template(value: str) -> str:
    for place in _PLACE.findall(value):
        steps_of(place)
    return value


def _pattern(value: str) -> str:
    try:
        re2.compile(value)
    except re2.error:
        raise ValueError("is no regular expression that RE2 can read") from None
    return value


def _time_format(value: str) -> str:
    used = _DIRECTIVE.findall(value)
    if value not in {"iso", "unix", "unix_ms"} and (
        not used or not set(used) <= _DIRECTIVES or len(used) > len(set(used))
    ):
        raise ValueError("is iso, unix, unix_ms, or a format such as %d.%m.%Y %H:%M with each part once")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is no time zone; write one such as Europe/Berlin")
    return value


Path = Annotated[str, Field(max_length=300), AfterValidator(_path)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$"), AfterValidator(str.lower)]
Scalar = Annotated[str, Field(max_length=1_000)] | bool | Annotated[int, Field(ge=-(2**53), le=2**53)]


class Part(Model):
    """A part of a mapping; it is kept without what it does not say."""

    @model_serializer(mode="wrap")
    def without_blanks(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value not in (None, [], {})}


class Regex(Part):
    """The first group of the first match, or all of it if there is no group."""

    regex: Annotated[str, Field(max_length=300), AfterValidator(_pattern)]


class Shorten(Part):
    shorten: Annotated[int, Field(ge=1, le=10_000)]


class Most(Part):
    """Of a list, the first ones."""

    most: Annotated[int, Field(ge=1, le=MOST)]


Transform = Literal["trim", "lower", "html_to_text", "number", "bool", "text", "no_zero"] | Regex | Shorten | Most


class Sum(Part):
    """Over the numbers at `value` of everything at `each` for which `where` holds."""

    each: Path
    value: "Spec"
    where: list["Condition"] = Field(default_factory=list, max_length=10)


class Value(Part):
    """From one place: a `path`, a `header`, a `constant`, the `first` of several that is there, a `template` with
    `{$.paths}`, several `join`ed (those that are there), a `sum`, the `difference` of two numbers, or a `hash` of
    several. Then `transform`, then `map`; `default` if there is nothing by then, or `when` does not hold.
    """

    path: Path | None = None
    header: HeaderName | None = None
    constant: Scalar | None = None
    first: list["Spec"] | None = Field(None, min_length=1, max_length=10)
    template: Annotated[str, Field(max_length=500), AfterValidator(_template)] | None = None
    join: list["Spec"] | None = Field(None, min_length=1, max_length=10)
    between: str = Field(" ", max_length=10)
    sum: Sum | None = None
    difference: tuple["Spec", "Spec"] | None = None
    hash: list["Spec"] | None = Field(None, min_length=1, max_length=20)
    when: list["Condition"] = Field(default_factory=list, max_length=10)
    transform: list[Transform] = Field(default_factory=list, max_length=10)
    map: dict[str, Scalar] | None = Field(None, max_length=200)
    default: Scalar | None = None

    @check(mode="after")
    def has_one_source(self) -> Self:
        given = [name for name in _SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_SOURCES)}")
        return self


_SOURCES: Final = ("path", "header", "constant", "first", "template", "join", "sum", "difference", "hash")
# `"$.id"` is short for `{"path": "$.id"}`.
Spec = Annotated[Value, BeforeValidator(lambda given: {"path": given} if isinstance(given, str) else given)]


class Condition(Part):
    """All that is said of the value must hold. `present`: whether it is there; comparisons are of texts."""

    value: Spec
    equals: Scalar | None = None
    one_of: list[Scalar] | None = Field(None, min_length=1, max_length=100)
    none_of: list[Scalar] | None = Field(None, min_length=1, max_length=100)
    present: bool | None = None
    above: int | None = None
    differs_from: Spec | None = None

    @check(mode="after")
    def says_something(self) -> Self:
        if len(self.model_fields_set - {"value"}) == 0:
            raise ValueError("needs one of equals, one_of, none_of, present, above, differs_from")
        return self


class Time(Part):
    """`formats` are tried in order. A time without a zone is in `zone`, and counts as assumed unless the sender says
    that this is so (`zone_certain`). Without a value, or if it is not there: the time of arrival, assumed."""

    value: Spec | None = None
    formats: list[Annotated[str, Field(max_length=60), AfterValidator(_time_format)]] = Field(
        default_factory=lambda: ["iso"], min_length=1, max_length=5
    )
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    zone_certain: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What paths are looked up in: `$` is `here`, `$item` is `item`, and `$body` is `body`."""

    here: Any
    item: Any
    body: Any
    received: Received


def looked_up(path: str, at: Place) -> Any:
    """What is there, or None; with a `[*]`, the list of all that is."""
    steps = steps_of(path)
    found = [{"body": at.body, "item": at.item}.get(steps.root, at.here)]
    for name in steps.names:
        found = [below for each in found for below in _below(each, name)]
    found = [each for each in found if each is not None]
    if None in steps.names:
        return found
    return found[0] if found else None


def _below(value: Any, name: str | int | None) -> Iterator[Any]:
    if name is None:
        yield from value if isinstance(value, list) else ()
    elif isinstance(name, int):
        if isinstance(value, list) and name < len(value):
            yield value[name]
    elif isinstance(value, dict) and name in value:
        yield value[name]


def value_of(spec: Value, at: Place) -> Any:
    """A JSON value, a `Decimal`, or None. Raises ValueError, whose text quotes nothing of the content."""
    value = _source(spec, at) if holds(spec.when, at) else None
    for transform in spec.transform:
        value = None if _is_nothing(value) else _transformed(value, transform)
    if spec.map is not None and not _is_nothing(value):
        value = spec.map.get(text_of(value))
    return spec.default if _is_nothing(value) else value


def holds(conditions: list[Condition], at: Place) -> bool:
    return all(_holds(each, at) for each in conditions)


def text(spec: Value | None, at: Place) -> str | None:
    """Raises ValueError."""
    value = value_of(spec, at) if spec else None
    return None if value is None else text_of(value)


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    raise ValueError("is neither text nor a number")


def truth(spec: Value | None, at: Place) -> bool | None:
    """Raises ValueError."""
    value = value_of(spec, at) if spec else None
    return None if value is None else _bool(value)


def number(value: Any) -> Decimal:
    """Finite, and below 10^18. Raises ValueError."""
    written = text_of(value).strip()
    if len(written) > _LONGEST_NUMBER:
        raise ValueError("is no number that can be reckoned with")
    try:
        read = Decimal(written)
    except InvalidOperation:
        raise ValueError("is no number") from None
    if not read.is_finite() or read.adjusted() > _LARGEST_EXPONENT or len(read.as_tuple().digits) > 28:
        raise ValueError("is no number that can be reckoned with")
    return read


def time_of(spec: Time | None, at: Place) -> Stamp:
    """Raises ValueError."""
    written = text(spec.value, at) if spec and spec.value else None
    if spec is None or written is None:
        return Stamp(at.received.at, "assumed")
    for form in spec.formats:
        try:
            moment = _moment(written.strip(), form)
            is_sure = moment.tzinfo is not None or spec.zone_certain
            in_zone = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(spec.zone))
            return Stamp(in_zone.astimezone(UTC), "exact" if is_sure else "assumed")
        except (ValueError, OverflowError, OSError, InvalidOperation):
            continue
    raise ValueError("is no time in any of its formats")


def _moment(written: str, form: str) -> datetime:
    if form == "iso":
        return datetime.fromisoformat(written.replace(" UTC", "+00:00"))
    if form in {"unix", "unix_ms"}:
        return datetime.fromtimestamp(float(number(written)) / (1000 if form == "unix_ms" else 1), UTC)
    return datetime.strptime(written, form)  # noqa: DTZ007 - the zone comes from the mapping


def _source(spec: Value, at: Place) -> Any:
    if spec.path is not None:
        return looked_up(spec.path, at)
    if spec.header is not None:
        return first_header(at.received, spec.header)
    if spec.first is not None:
        return next((value for each in spec.first if not _is_nothing(value := value_of(each, at))), None)
    if spec.template is not None:
        return _filled(spec.template, at)
    if spec.join is not None:
        return joined((text(each, at) for each in spec.join), spec.between)
    if spec.sum is not None:
        return _sum(spec.sum, at)
    if spec.difference is not None:
        more, less = (value_of(each, at) for each in spec.difference)
        return None if more is None else number(more) - (number(less) if less is not None else 0)
    if spec.hash is not None:
        return version_of([text(each, at) for each in spec.hash])
    return spec.constant


def _filled(template: str, at: Place) -> str | None:
    """Nothing if one of its values is not there."""
    values = [looked_up(path, at) for path in _PLACE.findall(template)]
    if any(_is_nothing(each) for each in values):
        return None
    rest = iter(values)
    return _PLACE.sub(lambda place: text_of(next(rest)), template)


def _sum(spec: Sum, at: Place) -> Decimal | None:
    every = looked_up(spec.each, at)
    places = [Place(each, at.item, at.body, at.received) for each in (every if isinstance(every, list) else [every])]
    values = [value_of(spec.value, place) for place in places if holds(spec.where, place)]
    numbers = [number(each) for each in values if each is not None]
    return sum(numbers, Decimal(0)) if numbers else None


def _holds(condition: Condition, at: Place) -> bool:
    value = value_of(condition.value, at)
    if condition.present is not None and condition.present == (value is None):
        return False
    written = None if value is None else text_of(value) if not isinstance(value, dict | list) else ""
    if condition.equals is not None and written != text_of(condition.equals):
        return False
    if condition.one_of is not None and written not in {text_of(each) for each in condition.one_of}:
        return False
    if condition.none_of is not None and written in {text_of(each) for each in condition.none_of}:
        return False
    if condition.above is not None and (value is None or number(value) <= condition.above):
        return False
    return condition.differs_from is None or written != text(condition.differs_from, at)


def _transformed(value: Any, transform: Transform) -> Any:
    if isinstance(transform, Most):
        return value[: transform.most] if isinstance(value, list) else value
    if isinstance(value, list):
        each = (_transformed(one, transform) for one in value[:MOST] if not _is_nothing(one))
        return [one for one in each if not _is_nothing(one)]
    if isinstance(transform, Regex):
        match = re2.search(transform.regex, text_of(value))
        return (match[1] if match.re.groups else match[0]) if match else None
    if isinstance(transform, Shorten):
        return shortened(text_of(value), transform.shorten)
    match transform:
        case "number":
            return number(value)
        case "bool":
            return _bool(value)
        case "no_zero":
            return value if number(value) else None
        case "trim":
            return text_of(value).strip()
        case "lower":
            return text_of(value).lower()
        case "html_to_text":
            return plain_text(text_of(value))
        case "text":
            return text_of(value)


def _bool(value: Any) -> bool:
    """`"false"` is not true, whatever Python says."""
    written = text_of(value).strip().lower()
    if written in {"true", "1", "yes"}:
        return True
    if written in {"false", "0", "no"}:
        return False
    raise ValueError("is neither true nor false")


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and value.strip() in _NOTHING)
