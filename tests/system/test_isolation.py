"""R-54: every route of every service, tried by nobody, by a stranger, with ids of nothing, and without the scope.

The routes come from the applications, so a new one is tried from its first day. Each refusal is compared with the same
request by the owner, which must succeed: a 404 for the wrong reason would prove nothing.

Seen to fail: with tokens that all stand for the first caller's account, with `authenticate` letting anybody in, and
with scopes unchecked: each test of its kind in each service.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services import catalog
from shared.ids import new_id

if TYPE_CHECKING:
    import httpx

    from shared.testing.harness import Harness
    from tests.conftest import HarnessFactory
    from tests.system.surface import Operation

# How many pairs of route and caller are tried. More is progress; less means that something is no longer looked at.
LEAST_ANONYMOUS = {"gateway": 15, "customers": 8, "survey": 17, "tickets": 15, "metrics": 4, "notifier": 28}
LEAST_WITH_ID = {"gateway": 5, "customers": 5, "survey": 11, "tickets": 11, "metrics": 0, "notifier": 15}
LEAST_WRITES = {"gateway": 6, "customers": 4, "survey": 10, "tickets": 6, "metrics": 1, "notifier": 13}
LEAST_LISTS = {"gateway": 5, "customers": 1, "survey": 3, "tickets": 3, "metrics": 1, "notifier": 7}


async def service_of(name: str, harness: "HarnessFactory") -> "Harness":
    from tests.system.resources import SETTINGS

    return await harness(catalog.load(name), **SETTINGS.get(name, {}))


def routes_of(service: "Harness") -> "list[Operation]":
    from tests.system.surface import PUBLIC, operations

    return [one for one in operations(service.app) if str(one) not in PUBLIC[service.runtime.service.name]]


async def sent(client: "httpx.AsyncClient", operation: "Operation", values: dict[str, str]) -> int:
    answer = await client.request(operation.method, operation.url(values), json=operation.body(values))
    return answer.status_code


@pytest.mark.parametrize("name", catalog.NAMES)
class TestEveryRoute:
    async def test_refuses_the_anonymous(self, name: str, harness: "HarnessFactory") -> None:
        service = await service_of(name, harness)
        found = {str(one): await sent(service.anonymous(), one, {"name": "nps"}) for one in routes_of(service)}
        assert {call: status for call, status in found.items() if status != 401} == {}
        assert len(found) >= LEAST_ANONYMOUS[name]

    async def test_is_in_the_api_document_under_a_name_of_its_own(self, name: str, harness: "HarnessFactory") -> None:
        from tests.system.surface import UNDESCRIBED, operations

        service = await service_of(name, harness)
        paths = service.app.openapi()["paths"]
        found = [one for one in operations(service.app) if not UNDESCRIBED.fullmatch(one.path)]
        assert [str(one) for one in found if one.method.lower() not in paths.get(one.path, {})] == []
        names = [paths[one.path][one.method.lower()]["operationId"] for one in found]
        assert len(set(names)) == len(names) > 0

    async def test_refuses_a_viewer_who_writes(self, name: str, harness: "HarnessFactory", account: UUID) -> None:
        from shared.auth.scopes import ROLES
        from tests.system.surface import VIEWER_MAY

        service = await service_of(name, harness)
        viewer = service.client(*ROLES["viewer"], account=account)
        values = dict.fromkeys(("user_id", "customer_id", "survey_id", "ticket_id"), str(new_id()))
        writes = [one for one in routes_of(service) if one.is_write and str(one) not in VIEWER_MAY]
        found = {str(one): await sent(viewer, one, values) for one in writes}
        assert {call: status for call, status in found.items() if status != 403} == {}
        assert len(found) >= LEAST_WRITES[name]

    async def test_of_something_knows_neither_nothing_nor_what_is_anothers(
        self, name: str, harness: "HarnessFactory", account: UUID
    ) -> None:
        from tests.system.resources import MAKERS

        service = await service_of(name, harness)
        mine = await MAKERS[name](service, account)
        owner, stranger = service.client(account=account), service.client(account=new_id())
        routes = [one for one in routes_of(service) if one.ids]
        wrong: dict[str, Any] = {}
        for one in routes:
            unknown = mine | {parameter: str(new_id()) for parameter in one.ids}
            statuses = (await sent(owner, one, unknown), await sent(stranger, one, mine), await sent(owner, one, mine))
            if statuses[:2] != (404, 404) or not 200 <= statuses[2] < 300:
                wrong[str(one)] = statuses
        assert wrong == {}
        assert len(routes) >= LEAST_WITH_ID[name]


@pytest.mark.parametrize("name", catalog.NAMES)
class TestEveryList:
    async def test_shows_what_is_mine_to_me_alone(self, name: str, harness: "HarnessFactory", account: UUID) -> None:
        """Also if the stranger asks for it by id in the query."""
        from tests.system.resources import MAKERS, NESTED

        service = await service_of(name, harness)
        mine = await MAKERS[name](service, account)
        ids = {name: value for name, value in mine.items() if name.endswith("_id") and name not in NESTED}
        owner, stranger = service.client(account=account), service.client(account=new_id())
        seen, count = set(), 0
        for path, item in service.app.openapi()["paths"].items():
            if "{" in path or "get" not in item or path == "/v1/events/stream" or not path.startswith("/v1/"):
                continue
            count += 1
            seen |= {value for value in ids.values() if value in (await owner.get(path)).text}
            asked = [parameter["name"] for parameter in item["get"].get("parameters", ()) if parameter["name"] in ids]
            for query in ({}, *({parameter: ids[parameter]} for parameter in asked)):
                answer = await stranger.get(path, params=query)
                leaked = [value for value in ids.values() if value in answer.text]
                assert leaked == [], f"GET {path} {query} shows {leaked}"
        assert seen == set(ids.values())
        assert count >= LEAST_LISTS[name]
