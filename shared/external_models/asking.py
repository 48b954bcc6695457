"""One question to an external model: chat completions as OpenAI defined them, with an answer in JSON
(https://platform.openai.com/docs/api-reference/chat). Called between transactions, never inside one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from shared.http.client import GuardedClient, NotAllowed

S = TypeVar("S", bound=BaseModel)

READ_AT_MOST: Final = 64 * 1024
# A wrong key, address or model: the next question would fare no better.
_HOPELESS: Final = frozenset({400, 401, 403, 404})
_FENCE: Final = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")


class Unreadable(Exception):
    """The answer is none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`body` as `question` makes it."""

    url: str
    key: str | None
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        plain = {"Content-Type": "application/json", "User-Agent": "Heed/1"}
        return plain if self.key is None else plain | {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """`said`, or why there is nothing. `pause`: seconds that the other side asked for."""

    said: S | None
    problem: str | None = None
    status: int | None = None
    pause: float = 0.0

    @property
    def is_hopeless(self) -> bool:
        return self.status in _HOPELESS


def address_of(base_url: str) -> str:
    return f"{base_url}/chat/completions"


def question(model: str, task: str, text: str, *, most_tokens: int) -> bytes:
    """The request's body. `text` is masked already."""
    parsed = {
        "model": model,
        "messages": [{"role": "system", "content": task}, {"role": "user", "content": text}],
        "temperature": 0,
        "max_tokens": most_tokens,
        "response_format": {"type": "json_object"},
    }
    return orjson.dumps(parsed)


def content_of(body: bytes, said: type[S]) -> S:
    """What the model said, in the shape that was asked for. Raises `Unreadable`."""
    try:
        content = orjson.loads(body)["choices"][0]["message"]["content"]
        return said.model_validate_json(_FENCE.sub("", content))
    except (orjson.JSONDecodeError, LookupError, TypeError, ValidationError):
        raise Unreadable from None


async def send(client: GuardedClient, letter: Letter, read: Callable[[bytes], S], *, seconds: float) -> Result[S]:
    """`read` makes something of the answer, or raises `Unreadable`. Nothing that goes wrong over there is raised."""
    try:
        sent: dict[str, Any] = {"content": letter.body, "headers": letter.headers}
        answer = await client.post(letter.url, **sent, timeout=seconds, read_at_most=READ_AT_MOST)
    except NotAllowed as problem:
        return Result(None, f"refused: {problem}", 403)
    except (TimeoutError, httpx.TimeoutException):
        return Result(None, f"no answer within {seconds:.0f} seconds")
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as problem:
        return Result(None, f"no connection ({type(problem).__name__})")
    if answer.status != 200:
        asked = answer.headers.get("retry-after", "")
        return Result(None, f"answered {answer.status}", answer.status, float(asked) if asked.isdigit() else 0.0)
    try:
        return Result(read(answer.body))
    except Unreadable:
        return Result(None, "the answer was not the JSON that was asked for")
