"""The table of routes and the services agree: what is served can be reached, and nothing else is served."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from services import catalog
from services.gateway.docs.openapi import merged
from services.gateway.routing import find_route
from shared.service import open_runtime

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.testing.databases import Databases

# Each service answers these for itself; the front door has its own.
OWN = {"/livez", "/readyz", "/metrics", "/openapi.json"}
# What services say to each other is not for the outside.
INTERNAL = "/internal/"


def app_of(name: str, databases: "Databases") -> "FastAPI":
    service = catalog.load(name)
    return service.create_app(open_runtime(service, databases.settings(service)))


def paths_of(routes: list[BaseRoute]) -> Iterator[str]:
    # Not `app.routes` itself: included routers are one entry each there.
    for route in iter_route_contexts(routes):
        if route.methods:
            yield re.sub(r"\{[^}]*\}", "x", route.path or "")


@pytest.mark.parametrize("name", catalog.present())
class TestEveryService:
    async def test_can_be_reached_at_all_its_paths(self, name: str, databases: "Databases") -> None:
        lost = {
            path
            for path in paths_of(app_of(name, databases).routes)
            if path not in OWN
            and not path.startswith(INTERNAL)
            and ((route := find_route(path)) is None or route.service != name)
        }
        assert lost == set()

    async def test_has_no_operation_that_the_merged_document_leaves_out(
        self, name: str, databases: "Databases"
    ) -> None:
        own = app_of(name, databases).openapi()
        assert own["paths"].keys() == merged({name: own})["paths"].keys()


class TestTheWholeDocument:
    async def test_has_unique_operations_and_no_dangling_reference(self, databases: "Databases") -> None:
        whole = merged({name: app_of(name, databases).openapi() for name in catalog.present()})
        operations = [
            operation["operationId"]
            for item in whole["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict) and "operationId" in operation
        ]
        assert len(operations) == len(set(operations))
        references = set(re.findall(r"'#/components/schemas/([^']+)'", str(whole)))
        assert references <= whole["components"]["schemas"].keys()
