"""Asking platforms: access tokens, and what their refusals mean."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import orjson
from pydantic import Field

from services.survey.adapters.base import AccessDenied, Platform, PlatformAnswer, ReplyRefused, Unreadable
from services.survey.adapters.reading import Maybe, Payload, Sent, read

# A token that is about to expire could do so on the way.
_EARLY: Final = timedelta(minutes=1)
_MOST_TOKENS: Final = 10_000
# Whoever asks holds the source for a minute; what takes longer goes on in the next turn.
ONE_TURN: Final = timedelta(seconds=30)
# Platforms forget their names of pages after a while, and then refuse them.
_PAGES_LIVE: Final = timedelta(hours=1)


class _Token(Sent):
    access_token: str
    expires_in: float = 300


class _Refusal(Sent):
    error: str | dict[str, Any] | None = None
    message: Maybe = None
    errors: list[dict[str, Any]] = Field(default_factory=list)


class AccessTokens:
    """OAuth 2.0 access tokens (RFC 6749), each until a minute before it expires. They are kept in memory only."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[str, datetime]] = {}

    async def token(
        self,
        platform: Platform,
        url: str,
        form: Mapping[str, str],
        *,
        client: tuple[str, str] | None = None,
        whose: Sequence[str] = (),
    ) -> str:
        """`form` is the grant; `client`: id and secret, sent as HTTP Basic; `whose`: who asks, if the form differs each
        time. Raises as `Platform`, or `AccessDenied`."""
        name = hashlib.sha256(orjson.dumps([url, whose or sorted(form.items()), client])).digest()
        token, ends = self._kept.get(name, ("", platform.now()))
        if platform.now() < ends:
            return token
        headers = {"Authorization": "Basic " + base64.b64encode(":".join(client).encode()).decode()} if client else {}
        answer = await platform.request("POST", url, form=form, headers=headers)
        if answer.status != 200:
            raise AccessDenied(f"no access token: {refusal(answer)}")
        fresh = read_answer(_Token, answer)
        if len(self._kept) >= _MOST_TOKENS:
            self._kept.pop(next(iter(self._kept)))
        self._kept[name] = (fresh.access_token, platform.now() + timedelta(seconds=fresh.expires_in) - _EARLY)
        return fresh.access_token

    def forget(self, token: str) -> None:
        """It was refused: the next one is asked for anew."""
        self._kept = {name: kept for name, kept in self._kept.items() if kept[0] != token}


TOKENS: Final = AccessTokens()


async def asked(
    platform: Platform, method: str, url: str, *, token: str, params: Mapping[str, str] | None = None, json: Any = None
) -> PlatformAnswer:
    """With a bearer token (RFC 6750). 404 is an answer. Raises as `Platform`, `AccessDenied` for 401 and 403."""
    answer = await platform.request(method, url, params=params, json=json, headers={"Authorization": f"Bearer {token}"})
    if answer.status in {401, 403}:
        TOKENS.forget(token)
        raise AccessDenied(refusal(answer))
    return answer


def read_answer(model: type[Payload], answer: PlatformAnswer) -> Payload:
    """What a platform answered with success. Raises `Unreadable`."""
    if answer.status >= 300:
        raise Unreadable(f"the platform answered: {refusal(answer)}")
    return read(model, answer.body)


def going_on(page: str, now: datetime) -> dict[str, str]:
    """A cursor for the page that follows."""
    return {"page": page, "page_at": now.isoformat()}


def page_of(cursor: Mapping[str, Any], now: datetime) -> str | None:
    """The page to go on with; None to begin anew, at the first time or because it is too old by now."""
    page, at = cursor.get("page"), cursor.get("page_at")
    return str(page) if page and at and now - datetime.fromisoformat(at) < _PAGES_LIVE else None


def quoted(reference: str) -> str:
    """As one part of a path, whatever a sender has put into it. Raises `Unreadable` for the dots that lead upwards."""
    if reference in {".", ".."}:
        raise Unreadable("a reference cannot consist of dots")
    return quote(reference, safe="")


def check_taken(answer: PlatformAnswer) -> None:
    """A reply was not refused. Raises `ReplyRefused` with the platform's own words."""
    if answer.status >= 300:
        raise ReplyRefused(refusal(answer))


def refusal(answer: PlatformAnswer) -> str:
    """The status, and what the platform says of it in one of the usual places: `error`, `message` or `errors`."""
    try:
        said = read(_Refusal, answer.body)
    except Unreadable:
        return f"status {answer.status}"
    words: list[Any] = [said.message]
    if isinstance(said.error, str):
        words.append(said.error)
    elif said.error is not None:
        words += [said.error.get("message"), said.error.get("status")]
    words += [each.get("detail") or each.get("title") for each in said.errors]
    found = "; ".join(str(word)[:500] for word in words if word)
    return f"status {answer.status}" + (f" ({found})" if found else "")
