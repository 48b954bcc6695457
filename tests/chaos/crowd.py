"""Clients who do not give up, and who know what they were promised."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import httpx

CLIENTS: Final = 10
# These say: not now. Anything else that is not 2xx is a defect.
LATER: Final = {429, 502, 503, 504}


class Crowd:
    """Each client hands in answers one after the other, and each again and again until it is accepted.

    `new_each_time` is how not to do it: an attempt whose answer was lost is made under another id.
    """

    def __init__(
        self, url: str, survey_id: str, authorization: Callable[[], str], *, each: int, new_each_time: bool = False
    ) -> None:
        self._url, self._survey_id, self._authorization = url, survey_id, authorization
        self._each, self._new_each_time = each, new_each_time
        self.accepted: set[str] = set()
        self.refused: Counter[str] = Counter()
        self._running: list[asyncio.Task[None]] = []

    @property
    def wanted(self) -> int:
        return CLIENTS * self._each

    @property
    def unhappy(self) -> int:
        return sum(self.score_of(name) <= 6 for name in self.names())

    def names(self) -> list[str]:
        return [f"{client}-{number}" for client in range(CLIENTS) for number in range(self._each)]

    def score_of(self, name: str) -> int:
        return int(name.partition("-")[2]) % 11

    def start(self) -> None:
        self._running = [asyncio.create_task(self._be(client)) for client in range(CLIENTS)]

    async def done(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._running)

    async def until_accepted(self, more: int, seconds: float = 40) -> None:
        """So many more than now."""
        wanted = min(self.wanted, len(self.accepted) + more)
        async with asyncio.timeout(seconds):
            while len(self.accepted) < wanted:
                for task in self._running:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    async def _be(self, number: int) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=10, trust_env=False, verify=False) as client:
            for name in self.names()[number * self._each : (number + 1) * self._each]:
                attempt = 0
                while not await self._hand_in(client, name, f"{name}/{attempt}" if self._new_each_time else name):
                    attempt += 1
                    await asyncio.sleep(0.05)
                self.accepted.add(name)

    async def _hand_in(self, client: httpx.AsyncClient, name: str, submission_id: str) -> bool:
        """Every second client also sends an Idempotency-Key."""
        comment = {"question": "comment", "value": f"{name}: it came late"}
        body: dict[str, Any] = {
            "survey_id": self._survey_id,
            "submission_id": submission_id,
            "answers": [{"question": "score", "value": self.score_of(name)}, comment],
            "customer": {"email": f"c{name}@example.com"},
        }
        headers = {"Authorization": self._authorization()}
        if int(name[0]) % 2:
            headers["Idempotency-Key"] = submission_id
        try:
            answer = await client.post("/v1/responses", json=body, headers=headers)
        except httpx.HTTPError as problem:
            self.refused[type(problem).__name__] += 1
            return False
        if answer.is_success:
            return True
        assert answer.status_code in LATER, f"{answer.status_code} {answer.text}"
        self.refused[str(answer.status_code)] += 1
        return False
