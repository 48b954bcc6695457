"""How adapters read what senders send: into models of the documented shape, of which only what is used is written down.

Whatever the bytes, the only thing raised here is `Unreadable`, with a text that names the place and quotes nothing of
the content.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.survey.adapters.base import Received, Unreadable
from services.survey.hearing.canonical import Author
from shared.contracts.activities import ActivityAmount
from shared.http.schemas import NUL

_NOTHING: Final = ("", "null", "None")
_MOST_FIELDS: Final = 1_000


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


def _no_blank(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip() in _NOTHING else value


# Senders name what is theirs by numbers or by text; here it is always text.
Id = Annotated[str, Field(min_length=1, max_length=200)]
# Without a zone it is UTC: for senders that say so. Fractions beyond microseconds are cut off.
Instant = Annotated[datetime, AfterValidator(_in_utc)]
# What forms and shops leave empty is not there.
Maybe = Annotated[str | None, BeforeValidator(_no_blank)]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
Currency = Annotated[str, BeforeValidator(lambda value: str(value).upper()), Field(pattern="^[A-Z]{3}$")]


class Sent(BaseModel):
    """Base of every payload: senders may add fields at any time, and write numbers as text or text as numbers."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


Payload = TypeVar("Payload", bound=BaseModel)


def read(model: type[Payload], body: bytes) -> Payload:
    """The JSON of a body. Raises `Unreadable`."""
    return shaped(model, json_of(body))


def shaped(model: type[Payload], content: Any) -> Payload:
    """Raises `Unreadable`."""
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "/".join(str(part) for part in first["loc"]) or "The body"
        raise Unreadable(f"{place}: {first['msg']}.") from None


def json_of(body: bytes) -> Any:
    """Without what PostgreSQL cannot store: no NUL, and of half a character, as cut texts end, a question mark.

    Raises `Unreadable`.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = _mended(body)
    if b"\\u0000" in body:
        content = _mended(body)
    return content


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of an `application/x-www-form-urlencoded` body, blank ones too, in order. Raises `Unreadable`."""
    try:
        fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable("The body is not a form, or has more fields than anybody sends.") from None
    return fields


def first_header(received: Received, name: str) -> str | None:
    """Of a verified delivery; the signature does not cover it."""
    return next((value for key, value in received.headers if key == name), None)


def named_in(body: bytes, field: str) -> str | None:
    """What a verified body says of itself at its top, if it is JSON and says it: the sender's id of the delivery."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = content.get(field) if isinstance(content, dict) else None
    return value[:200] if isinstance(value, str) and value else None


def version_at(moment: datetime) -> str:
    """For senders that tell when something changed: of two versions the later is the greater text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def money(amount: Decimal, currency: str) -> ActivityAmount:
    """Never negative: what it is says the activity's kind."""
    return ActivityAmount(amount=abs(amount), currency=currency)


def person(
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    handle: str | None = None,
    verified: bool = True,
) -> Author:
    """An author of whom the sender may know everything or nothing."""
    return Author(
        name=_kept(name, 200),
        email=_kept(email, 320),
        phone=_kept(phone, 50),
        handle=_kept(handle, 200),
        anonymous=not any((name, email, phone, handle)),
        verified=verified,
    )


def joined(parts: Iterable[str | None], between: str = " ") -> str | None:
    """Those that are there; None if none is."""
    return between.join(part.strip() for part in parts if part and part.strip()) or None


def shortened(text: str | None, most: int = 500) -> str | None:
    return text if text is None or len(text) <= most else f"{text[: most - 1]}…"


def without_nones(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _kept(value: str | None, most: int) -> str | None:
    """Longer than any real one is none."""
    value = value.strip() if value else None
    return value if value and len(value) <= most else None


def _mended(body: bytes) -> Any:
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace")
        return _without_nul(orjson.loads(text))
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NUL, "")
    if isinstance(value, dict):
        return {key.replace(NUL, ""): _without_nul(each) for key, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value
