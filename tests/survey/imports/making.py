"""Files, uploaded and run."""

from typing import Any

import httpx

from services.survey.imports.running import IMPORTING
from shared.testing.harness import Harness

PATH = "/v1/feedback-imports"


async def upload(client: httpx.AsyncClient, content: bytes | str) -> dict[str, Any]:
    response = await client.post(PATH, content=content, headers={"Content-Type": "text/csv"})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def run(survey: Harness, client: httpx.AsyncClient, import_id: str, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{PATH}/{import_id}/run", json=body)
    assert response.status_code == 202, response.text
    await IMPORTING.run_due(survey.runtime)
    answer: dict[str, Any] = (await client.get(f"{PATH}/{import_id}")).json()
    return answer


async def heard(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/feedback", params={"source": "import"})).json()["data"]
    return found


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[name] for name in ("done", "new", "edited", "same", "rejected"))


def lines(count: int) -> str:
    return "id,rating,comment\n" + "\n".join(f"{number},{number % 5 + 1},Said {number}" for number in range(count))
