"""A platform that answers what was recorded, in the order in which it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from services.survey.adapters.base import PlatformAnswer
from tests.survey.adapters.broken import NOW


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    json: Any
    form: Mapping[str, str]


class Recorded:
    """`script`: method, path, status and content (JSON, or bytes as they are) of each request that is expected. Each
    takes so many `seconds`."""

    def __init__(
        self, *script: tuple[str, str, int, Any], headers: Mapping[str, str] | None = None, seconds: int = 0
    ) -> None:
        self._takes = timedelta(seconds=seconds)
        self._script = list(script)
        self._headers = headers or {}
        self.sent: list[Asked] = []

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
        asked = Asked(method, url, headers or {}, params or {}, json, form or {})
        assert self._script, f"nobody expected {method} {url}"
        expected_method, path, status, content = self._script.pop(0)
        assert (method, urlsplit(url).path) == (expected_method, path)
        self.sent.append(asked)
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        parsed = None if isinstance(content, bytes) else content
        return PlatformAnswer(status, self._headers, parsed, body.decode(errors="replace"), body)

    async def download(self, url: str, *, headers: Mapping[str, str], at_most: int) -> bytes | None:
        answer = await self.request("GET", url, headers=headers)
        return answer.body if len(answer.body) <= at_most else None

    async def resolve(self, host: str) -> str:
        raise AssertionError(f"nobody expected to look for {host}")

    def now(self) -> datetime:
        return NOW + self._takes * len(self.sent)

    @property
    def is_done(self) -> bool:
        """Everything that was expected was asked."""
        return not self._script
