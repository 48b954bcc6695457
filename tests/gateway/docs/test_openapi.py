"""One document out of many."""

import copy
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.docs.openapi import merged
from services.gateway.docs.sources import REMEMBERED, REMEMBERED_IN_PART
from services.gateway.front_door import create_front_door
from services.gateway.routing import find_route
from shared.contracts.registry import registry

if TYPE_CHECKING:
    from shared.testing.harness import Harness


def document(path: str, schema: dict[str, Any], *, name: str = "Thing", tag: str = "things") -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    operation = {
        "tags": [tag],
        "operationId": f"{tag}_list",
        "security": [{"bearer": ["tickets:read"]}],
        "responses": {"200": {"description": "ok", "content": content}},
    }
    return {"openapi": "3.1.0", "paths": {path: {"get": operation}}, "components": {"schemas": {name: schema}}}


class Described:
    """Stands for another service: has an API document, or is silent."""

    def __init__(self, path: str) -> None:
        self.document = document(path, {"type": "object"})
        self.silent = False
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        status = 503 if self.silent else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(self.document).encode()})


@pytest.fixture
def tickets() -> Described:
    return Described("/v1/tickets")


@pytest.fixture
async def reader(gateway: "Harness", tickets: Described) -> AsyncIterator[httpx.AsyncClient]:
    apps: dict[str, ASGIApp] = {"gateway": gateway.app, "tickets": tickets}
    transport = httpx.ASGITransport(create_front_door(gateway.runtime, apps))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


class TestMerging:
    def test_keeps_the_paths_of_all_services(self) -> None:
        whole = merged(
            {
                "tickets": document("/v1/tickets/{ticket_id}", {"type": "object"}, tag="tickets"),
                "metrics": document("/v1/metrics", {"type": "object"}, tag="metrics"),
            }
        )
        assert set(whole["paths"]) == {"/v1/tickets/{ticket_id}", "/v1/metrics"}
        assert [tag["name"] for tag in whole["tags"]][:2] == ["tickets", "metrics"]

    def test_leaves_out_what_nobody_could_call(self) -> None:
        whole = merged(
            {
                "tickets": document("/v1/metrics", {"type": "object"}),
                "metrics": document("/internal/x", {"type": "object"}),
            }
        )
        assert whole["paths"] == {}

    def test_equal_schemas_are_one(self) -> None:
        same = {"type": "object", "properties": {"a": {"type": "string"}}}
        whole = merged(
            {"tickets": document("/v1/tickets", same), "metrics": document("/v1/metrics", copy.deepcopy(same))}
        )
        assert "Thing" in whole["components"]["schemas"]
        assert "MetricsThing" not in whole["components"]["schemas"]

    def test_schemas_of_one_name_and_two_meanings_are_told_apart(self) -> None:
        whole = merged(
            {
                "tickets": document("/v1/tickets", {"type": "string"}),
                "metrics": document("/v1/metrics", {"type": "integer"}, tag="other"),
            }
        )
        schemas = whole["components"]["schemas"]
        assert (schemas["Thing"], schemas["MetricsThing"]) == ({"type": "string"}, {"type": "integer"})
        answer = whole["paths"]["/v1/metrics"]["get"]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/MetricsThing"

    def test_so_are_schemas_that_read_the_same_but_refer_to_these(self) -> None:
        page = {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
        one = document("/v1/tickets", page, name="Page")
        other = document("/v1/rules", page, name="Page", tag="rules")
        one["components"]["schemas"]["Message"] = {"type": "string"}
        other["components"]["schemas"]["Message"] = {"type": "integer"}
        schemas = merged({"tickets": one, "notifier": other})["components"]["schemas"]
        assert schemas["Page"]["items"] == {"$ref": "#/components/schemas/Message"}
        assert schemas["NotifierPage"]["items"] == {"$ref": "#/components/schemas/NotifierMessage"}

    def test_operation_ids_stay_unique(self) -> None:
        whole = merged(
            {
                "tickets": document("/v1/tickets", {"type": "object"}),
                "metrics": document("/v1/metrics", {"type": "object"}),
            }
        )
        ids = [operation["operationId"] for item in whole["paths"].values() for operation in item.values()]
        assert sorted(ids) == ["metrics_things_list", "things_list"]

    def test_a_stream_is_described_in_the_words_of_this_version(self) -> None:
        service = document("/v1/events/stream", {"type": "object"})
        answer = service["paths"]["/v1/events/stream"]["get"]["responses"]["200"]
        answer["content"] = {"text/event-stream": {"itemSchema": {"type": "object"}}}
        whole = merged({"notifier": service})
        content = whole["paths"]["/v1/events/stream"]["get"]["responses"]["200"]["content"]
        assert content == {"text/event-stream": {"schema": {"type": "string"}}}

    def test_a_session_does_wherever_a_key_does(self) -> None:
        whole = merged({"tickets": document("/v1/tickets", {"type": "object"})})
        security = whole["paths"]["/v1/tickets"]["get"]["security"]
        assert security == [{"bearer": ["tickets:read"]}, {"cookie": ["tickets:read"]}]
        assert set(whole["components"]["securitySchemes"]) == {"bearer", "cookie"}

    def test_every_event_is_a_webhook_whose_schema_is_there(self) -> None:
        whole = merged({})
        assert set(whole["webhooks"]) == set(registry())
        text = json.dumps(whole)
        for reference in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
            assert reference in whole["components"]["schemas"]


class TestTheDocument:
    async def test_needs_no_credential_and_says_where_it_is_openapi(self, reader: httpx.AsyncClient) -> None:
        answer = await reader.get("/v1/openapi.json")
        assert answer.status_code == 200
        whole = answer.json()
        assert whole["openapi"].startswith("3.1")
        assert "/v1/tickets" in whole["paths"]
        assert "/v1/me" in whole["paths"]

    async def test_describes_every_endpoint_of_the_gateway_with_its_scope(self, reader: httpx.AsyncClient) -> None:
        paths = (await reader.get("/v1/openapi.json")).json()["paths"]
        assert {"bearer": ["audit:read"]} in paths["/v1/audit"]["get"]["security"]
        assert paths["/v1/me"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
        assert "security" not in paths["/v1/sessions"]["post"]
        for path in paths:
            route = find_route(path.replace("{", "").replace("}", ""))
            assert route is not None

    async def test_its_schemas_are_valid(self, reader: httpx.AsyncClient) -> None:
        schemas = (await reader.get("/v1/openapi.json")).json()["components"]["schemas"]
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    async def test_a_silent_service_is_left_out_and_asked_again_soon(
        self, gateway: "Harness", reader: httpx.AsyncClient, tickets: Described
    ) -> None:
        tickets.silent = True
        first = await reader.get("/v1/openapi.json")
        assert first.status_code == 200
        assert "/v1/tickets" not in first.json()["paths"]
        tickets.silent = False
        gateway.clock.advance(REMEMBERED_IN_PART)
        assert "/v1/tickets" in (await reader.get("/v1/openapi.json")).json()["paths"]

    async def test_is_remembered_for_a_while(
        self, gateway: "Harness", reader: httpx.AsyncClient, tickets: Described
    ) -> None:
        for _ in range(3):
            await reader.get("/v1/openapi.json")
        assert tickets.asked == 1
        gateway.clock.advance(REMEMBERED)
        await reader.get("/v1/openapi.json")
        assert tickets.asked == 2


class TestRemoteServices:
    async def test_are_asked_over_http_and_one_that_is_away_is_left_out(self, harness: Any) -> None:
        from services.gateway.app import SERVICE

        # Nothing listens on port 9 of this machine.
        away = await harness(SERVICE, upstream_tickets_url="http://127.0.0.1:9")
        answer = await away.anonymous().get("/v1/openapi.json")
        assert answer.status_code == 200
        assert "/v1/me" in answer.json()["paths"]
