"""Requests made up from the API document, sent through the front door of a Heed in this process."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Never ends, so nothing can be read of it; tests/notifier/log does.
ENDLESS: Final = {"GET /v1/events/stream"}
BASE: Final = "http://heed.test"


def operations_of(document: Mapping[str, Any]) -> Iterator[Any]:
    """Each operation; last those that end the life of what others need."""
    found: list[Any] = [read.ok() for read in _read(document)]
    yield from sorted(
        (one for one in found if one.label not in ENDLESS),
        key=lambda one: one.label.startswith("DELETE") or one.label.endswith("archive"),
    )


def _read(document: Mapping[str, Any]) -> Iterator[Any]:
    yield from schemathesis.openapi.from_dict(dict(document)).get_all_operations()


def requests_for(operation: Any, ids: Mapping[str, str]) -> st.SearchStrategy[Any]:
    """As documented or deliberately not, about what exists or about nothing."""
    known = {name: value for name, value in ids.items() if f"{{{name}}}" in operation.path}
    ways = [operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)]
    if known:
        ways.append(operation.as_strategy(path_parameters=known))
        if operation.body:
            ways.append(operation.as_strategy(path_parameters=known, generation_mode=GenerationMode.NEGATIVE))
    # A path with a line break in it leads nowhere (tests/gateway/test_routing.py), so no document describes its answer.
    return st.one_of(ways).filter(lambda case: "\n" not in "".join(map(str, (case.path_parameters or {}).values())))


def fuzz(
    operation: Any, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop, ids: Mapping[str, str], examples: int
) -> int:
    """Sends `examples` requests from a thread beside the loop. Returns how many; raises on the first bad answer."""
    count = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_for(operation, ids))
    def attempt(case: Any) -> None:
        nonlocal count
        count += 1
        request = prepared(case, client.headers["Authorization"])
        response = asyncio.run_coroutine_threadsafe(client.send(request), loop).result(30)
        case.validate_response(response, checks=CHECKS)

    attempt()
    return count


def prepared(case: Any, authorization: str) -> httpx.Request:
    """The request as `requests` would put it on the wire."""
    arguments = case.as_transport_kwargs(base_url=BASE, headers={"Authorization": authorization})
    arguments.pop("timeout", None)
    wire: Any = requests.Request(**arguments).prepare()
    content = wire.body.encode() if isinstance(wire.body, str) else wire.body
    return httpx.Request(wire.method, wire.url, headers=dict(wire.headers), content=content)
