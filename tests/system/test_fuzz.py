"""R-62: whatever comes in, an answer goes out that the API document knows, and never a 5xx.

Seen to fail: the generated requests found that the merged document described the messages of a ticket by the notifier's
schema of the same name.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from services import catalog

if TYPE_CHECKING:
    from tests.system.world import World

EXAMPLES = 8
# Each refusal of a sign-in takes its time on purpose.
FEW = {"POST /v1/sessions": 4}
SLOWEST_SECONDS = 10.0


@pytest.fixture(scope="module")
async def ids(world: "World") -> dict[str, str]:
    """One of each thing in the account, and ids of nobody where the caller itself would be in danger."""
    from shared.ids import new_id
    from tests.system.resources import MAKERS

    made = {name: str(new_id()) for name in ("user_id", "api_key_id", "request_id")} | {"name": "nps", "token": "x"}
    for name, make in MAKERS.items():
        if name != "gateway":
            made |= await make(world[name], world.account)
    await world.settle()
    return made


@pytest.fixture(scope="module")
async def document(world: "World") -> dict[str, Any]:
    from services.gateway.docs.openapi import merged

    return merged({name: service.app.openapi() for name, service in world.services.items()})


def is_of(operation: Any, name: str) -> bool:
    from services.gateway.routing import find_route

    route = find_route(operation.path.replace("{", "x").replace("}", "x"))
    return route is not None and route.service == name


# Survey alone has some two hundred operations.
# Young paths, whose bodies have tests of their own and are not in the tables of `hostile` as they should be.
NOT_YET = (
    "/v1/teams/{team_id}/members",
    "/v1/tickets/access-policy",
    "/v1/metrics/privacy",
    "/v1/experiments",
    "/v1/initiatives",
    "/v1/alerts",
    "/v1/lifetime-value",
    "/v1/worth-policy",
    "/v1/acquisition-spend",
    "/v1/custom-metrics",
    "/v1/webhook-endpoints/{endpoint_id}/rotate-secret",
)


@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.NAMES)
class TestGeneratedRequests:
    @pytest.mark.filterwarnings("ignore")
    async def test_are_answered_as_documented(
        self, name: str, world: "World", ids: dict[str, str], document: dict[str, Any]
    ) -> None:
        from tests.system.fuzzing import fuzz, operations_of

        loop, sent = asyncio.get_running_loop(), 0
        operations = [one for one in operations_of(document) if is_of(one, name)]
        async with world.client(raise_app_exceptions=False) as client:
            for operation in operations:
                examples = FEW.get(operation.label, EXAMPLES)
                sent += await asyncio.to_thread(fuzz, operation, client, loop, ids, examples)
        assert sent >= 0.8 * EXAMPLES * len(operations) > 0


async def answer_to(client: httpx.AsyncClient, method: str, path: str, body: bytes | None = None) -> httpx.Response:
    """Raises `AssertionError` if it is a 5xx, or an error in another shape than all others."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    async with asyncio.timeout(SLOWEST_SECONDS):
        answer = await client.request(method, path, content=body, headers=headers)
    assert answer.status_code < 500, f"{method} {path[:80]}: {answer.status_code} {answer.text[:500]}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", f"{method} {path[:80]}"
        assert {"type", "title", "status", "code", "detail", "request_id"} <= answer.json().keys()
    return answer


def is_refused(answer: httpx.Response) -> bool:
    """As a whole, or all its items."""
    return answer.status_code >= 400 or (bool(answer.content) and answer.json().get("failed") == 1)


@pytest.mark.timeout(600)
@pytest.mark.slow
class TestHostileBodies:
    async def test_are_refused_everywhere(self, world: "World", ids: dict[str, str], document: dict[str, Any]) -> None:
        from tests.system.hostile import WHOLE

        accepted = []
        async with world.client(raise_app_exceptions=False) as client:
            for method, path in self.writes(document):
                is_required = document["paths"][path][method.lower()]["requestBody"].get("required", False)
                for name, body in WHOLE.items():
                    answer = await answer_to(client, method, path.format(**ids), body)
                    if not is_refused(answer) and (is_required or name not in ("nothing", "null")):
                        accepted.append(f"{name}: {method} {path}")
        assert accepted == []

    async def test_that_are_good_but_for_one_value_break_nothing(
        self, world: "World", ids: dict[str, str], document: dict[str, Any]
    ) -> None:
        from tests.system.hostile import GOOD, ODD, REFUSED, spoiled

        accepted = []
        async with world.client(raise_app_exceptions=False) as client:
            for method, path in self.writes(document):
                good = orjson.loads(_filled(orjson.dumps(GOOD[f"{method} {path}"]), ids))
                url = path.format(**ids)
                for _, body in spoiled(good, ODD):
                    await answer_to(client, method, url, body)
                for name, body in spoiled(good, REFUSED):
                    if not is_refused(await answer_to(client, method, url, body)):
                        accepted.append(f"{name}: {method} {path}")
        assert accepted == []

    async def test_that_are_wrong_in_two_ways_break_nothing(self, world: "World", ids: dict[str, str]) -> None:
        """What is no number is seen by one reader of JSON and not by the other, which looks for NUL."""
        answers = b'[{"question": "score", "value": NaN}, {"question": "comment", "value": "\\u0000"}]'
        one = b'{"survey_id": "%b", "submission_id": "s-2", "answers": %b}' % (ids["survey_id"].encode(), answers)
        async with world.client(raise_app_exceptions=False) as client:
            assert is_refused(await answer_to(client, "POST", "/v1/responses", one))
            assert is_refused(await answer_to(client, "POST", "/v1/responses/bulk", b'{"responses": [%b]}' % one))

    def writes(self, document: dict[str, Any]) -> list[tuple[str, str]]:
        """Operations with a JSON body, but the sign-in, whose refusals take their time, and what is for those who have
        an address or a publishable key rather than an account's key: their own tests send them the like."""
        return [
            (method.upper(), path)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if not path.startswith(("/v1/sessions", "/hooks/", "/w/", "/s/", *NOT_YET))
            and "application/json" in operation.get("requestBody", {}).get("content", {})
        ]


@pytest.mark.timeout(600)
@pytest.mark.slow
class TestHostileQueries:
    async def test_are_answered(self, world: "World", ids: dict[str, str], document: dict[str, Any]) -> None:
        from tests.system.fuzzing import ENDLESS
        from tests.system.hostile import QUERY

        async with world.client(raise_app_exceptions=False) as client:
            for path, item in document["paths"].items():
                if "get" not in item or f"GET {path}" in ENDLESS or not path.startswith("/v1/"):
                    continue
                url = path.format(**ids)
                for parameter in item["get"].get("parameters", ()):
                    if parameter["in"] == "query":
                        for value in QUERY:
                            await answer_to(client, "GET", f"{url}?{parameter['name']}={value}")

    async def test_bad_cursors_are_refused(self, world: "World", document: dict[str, Any]) -> None:
        async with world.client(raise_app_exceptions=False) as client:
            page = (await client.get("/v1/templates?limit=1")).json()
            stolen = page["next_cursor"]
            assert stolen
            for path, item in document["paths"].items():
                names = [parameter["name"] for parameter in item.get("get", {}).get("parameters", ())]
                if "cursor" not in names or "{" in path:
                    continue
                for cursor in ("x", "e30", stolen[:-2] + "xx", *([stolen] if path != "/v1/templates" else [])):
                    answer = await answer_to(client, "GET", f"{path}?cursor={cursor}")
                    assert answer.status_code == 422, f"{path}: {cursor}"

    async def test_hostile_ids_are_answered(self, world: "World", document: dict[str, Any]) -> None:
        async with world.client(raise_app_exceptions=False) as client:
            for path, item in document["paths"].items():
                for method in item.keys() & {"get", "delete"} if "{" in path and path.startswith("/v1/") else ():
                    for value in ("%00", "%FF", "..%2F..", "x" * 10_000, "0" * 32, "%F0%9F%92%A9"):
                        filled = path[: path.index("{")] + value + path[path.index("}") + 1 :]
                        answer = await answer_to(client, method.upper(), filled)
                        assert answer.status_code in (404, 422), f"{method} {path} {value[:9]}"


def _filled(body: bytes, ids: dict[str, str]) -> bytes:
    for name, value in ids.items():
        body = body.replace(f"{{{name}}}".encode(), value.encode())
    return body
