"""The way out to platforms: guarded, paced, and honest about what came back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
import orjson

from services.survey.adapters.base import AccessDenied, PlatformAnswer, PlatformBusy, PlatformDown, Unreadable
from shared.clock import Clock
from shared.http.client import Answer, GuardedClient, NotAllowed, pause_asked_for

SECONDS: Final = 20.0
# A page of reviews is some hundred kilobytes.
LARGEST_ANSWER: Final = 8 * 1_048_576
# A cursor that never ends must not ask for ever; what is left is asked for the next time.
MOST_REQUESTS: Final = 200
LONGEST_WAIT: Final = timedelta(hours=24)
_SHORTEST_WAIT: Final = timedelta(seconds=30)
_TOO_MANY: Final = 429
MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = {301, 302, 303, 307, 308}


class GuardedPlatform:
    """One piece of work with one platform: a poll, a look at a hint, a reply. Implements `base.Platform`."""

    def __init__(self, client: GuardedClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._made = 0

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> PlatformAnswer:
        """See `base.Platform`."""
        self._made += 1
        if self._made > MOST_REQUESTS:
            raise PlatformBusy(self._clock.now() + _SHORTEST_WAIT)
        content, content_type = _encoded(json, form)
        sent = {"Accept": "application/json", "User-Agent": "Heed/1", **content_type, **(headers or {})}
        answer = await self._sent(method, _with_query(url, params), content, sent)
        if answer.status == _TOO_MANY or (answer.status == 503 and "retry-after" in answer.headers):
            raise PlatformBusy(retry_at(answer.headers.get("retry-after"), self._clock.now()))
        if answer.status >= 500:
            raise PlatformDown(f"answered {answer.status}")
        if not answer.is_whole:
            raise PlatformDown(f"its answer did not end within {SECONDS:.0f} seconds or {LARGEST_ANSWER:,} bytes")
        headers = {key.lower(): value for key, value in answer.headers.items()}
        return PlatformAnswer(answer.status, headers, *_parsed(answer.body), body=answer.body)

    async def download(self, url: str, *, headers: Mapping[str, str], at_most: int) -> bytes | None:
        """See `base.Platform`."""
        plain = {"Accept": "*/*", "User-Agent": "Heed/1"}
        answer = await self._sent("GET", url, None, plain | dict(headers), at_most=at_most + 1)
        for _ in range(MOST_REDIRECTS):
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                break
            # It lies with somebody else, most often under an address that is signed itself.
            url = urljoin(url, answer.headers["location"])
            answer = await self._sent("GET", url, None, plain, at_most=at_most + 1)
        if answer.status == _TOO_MANY:
            raise PlatformBusy(retry_at(answer.headers.get("retry-after"), self._clock.now()))
        if answer.status >= 500:
            raise PlatformDown(f"answered {answer.status}")
        if answer.status in {401, 403}:
            raise AccessDenied(f"a file is not given out: status {answer.status}")
        if answer.status != 200:
            raise Unreadable(f"a file was answered with status {answer.status}")
        if len(answer.body) > at_most:
            return None
        if not answer.is_whole:
            raise PlatformDown(f"a file did not end within {SECONDS:.0f} seconds")
        return answer.body

    async def resolve(self, host: str) -> str:
        """See `base.Platform`."""
        try:
            return await self._client.address_of(host)
        except (NotAllowed, OSError) as problem:
            raise PlatformDown(f"{host} cannot be connected to: {problem}") from None

    def now(self) -> datetime:
        """See `base.Platform`."""
        return self._clock.now()

    async def _sent(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        *,
        at_most: int | None = None,
    ) -> Answer:
        try:
            return await self._client.request(
                method, url, content=content, headers=headers, timeout=SECONDS, read_at_most=at_most or LARGEST_ANSWER
            )
        except NotAllowed as problem:
            raise PlatformDown(f"its address cannot be used: {problem}") from None
        except (TimeoutError, httpx.TimeoutException):
            raise PlatformDown(f"no answer within {SECONDS:.0f} seconds") from None
        except (OSError, httpx.HTTPError, httpx.InvalidURL) as problem:
            raise PlatformDown(f"no connection ({type(problem).__name__})") from None


def retry_at(value: str | None, now: datetime) -> datetime:
    """What `Retry-After` asks for, between half a minute and a day from now."""
    return now + min(max(pause_asked_for(value, now), _SHORTEST_WAIT), LONGEST_WAIT)


def _encoded(json: Any, form: Mapping[str, str] | None) -> tuple[bytes | None, dict[str, str]]:
    if json is not None:
        return orjson.dumps(json), {"Content-Type": "application/json"}
    if form is not None:
        return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return None, {}


def _with_query(url: str, params: Mapping[str, str] | None) -> str:
    if not params:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"


def _parsed(body: bytes) -> tuple[Any, str]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    return content, body.decode(errors="replace")
