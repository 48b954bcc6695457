"""The door: credential in, token through, everything else untouched."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.front_door import create_front_door
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business, Echo

DEADLINE_SECONDS = 5.0


def scope_of(path: str, **headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": raw,
        "client": ("127.0.0.1", 1),
        "state": {},
    }


def bearer(business: "Business") -> dict[str, str]:
    return {"Authorization": f"Bearer {business.api_key}"}


class TestCredentials:
    async def test_the_service_gets_the_token_and_never_the_key(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business", echo: "Echo"
    ) -> None:
        await door.get("/v1/tickets", headers=bearer(business) | {"Cookie": "other=1"})
        scheme, _, token = echo.headers["authorization"].partition(" ")
        assert scheme == "Bearer"
        assert gateway.runtime.verifier.verify(token, now=gateway.clock.now()).account_id == business.account_id
        assert business.api_key not in str(echo.scopes)
        assert "cookie" not in echo.headers

    async def test_an_anonymous_caller_stays_anonymous(self, door: httpx.AsyncClient, echo: "Echo") -> None:
        assert (await door.get("/v1/tickets")).text == "echo"
        assert "authorization" not in echo.headers

    @pytest.mark.parametrize("authorization", ["Bearer hk_" + "A" * 43, "Bearer x", "Basic YTpi", "hk_x", "Bearer "])
    async def test_a_bad_credential_is_refused_and_not_taken_for_none(
        self, door: httpx.AsyncClient, echo: "Echo", authorization: str
    ) -> None:
        answer = await door.get("/v1/tickets", headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert echo.scopes == []

    async def test_a_token_of_ours_is_no_credential_for_the_outside(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business", echo: "Echo"
    ) -> None:
        token = gateway.client(account=business.account_id).headers["authorization"]
        assert (await door.get("/v1/tickets", headers={"Authorization": token})).status_code == 401
        assert echo.scopes == []

    async def test_internal_headers_of_a_caller_do_not_get_through(
        self, door: httpx.AsyncClient, business: "Business", echo: "Echo"
    ) -> None:
        forged = {"X-Heed-Token": "x", "X-Heed-Account": "y", "X-Forwarded-For": "6.6.6.6"}
        for path in ("/v1/tickets", "/s/abc"):
            await door.get(path, headers=bearer(business) | forged)
            assert not {name.lower() for name in forged} & echo.headers.keys()

    async def test_a_hook_gets_its_own_credential_and_nobodys_cookie(
        self, door: httpx.AsyncClient, echo: "Echo"
    ) -> None:
        await door.post("/hooks/abc", headers={"Authorization": "Basic c2hvcDp4", "Cookie": "heed_session=x"})
        assert echo.headers["authorization"] == "Basic c2hvcDp4"
        assert "cookie" not in echo.headers

    async def test_an_outage_of_the_database_is_no_wrong_credential(
        self, harness: Callable[..., Awaitable["Harness"]], echo: "Echo"
    ) -> None:
        from services.gateway.app import SERVICE

        down = await harness(SERVICE, database_url="postgresql://127.0.0.1:9/nowhere")
        app = create_front_door(down.runtime, {"tickets": echo, "gateway": down.app})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            answer = await client.get("/v1/tickets", headers={"Authorization": "Bearer hk_" + "A" * 43})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


class TestWhereTo:
    async def test_each_path_reaches_its_service(self, gateway: "Harness") -> None:
        seen: list[str] = []

        def service(name: str) -> ASGIApp:
            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                seen.append(name)
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body"})

            return app

        names = ("gateway", "customers", "survey", "tickets", "metrics", "notifier")
        app = create_front_door(gateway.runtime, {name: service(name) for name in names})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            for path in ("/v1/me", "/v1/customers", "/s/x", f"/v1/tickets/{new_id()}", "/v1/metrics/nps", "/v1/rules"):
                await client.get(path)
            await client.get(f"/v1/customers/{new_id()}/preferences")
        assert seen == ["gateway", "customers", "survey", "tickets", "metrics", "notifier", "notifier"]

    @pytest.mark.parametrize("path", ["/nope", "/v1/ticketsx", "/v2/tickets", "//v1/tickets", "/v1/tickets\n", "/.git"])
    async def test_what_nobody_serves_is_not_found(self, gateway: "Harness", echo: "Echo", path: str) -> None:
        app = create_front_door(gateway.runtime, {"tickets": echo})
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        await app(scope_of(path), receive, send)
        assert sent[0]["status"] == 404
        assert echo.scopes == []

    async def test_readiness_is_that_of_all_services(self, gateway: "Harness", door: httpx.AsyncClient) -> None:
        found = (await door.get("/readyz")).json()
        assert found["services"]["gateway"]["status"] == "ready"
        # The echo is not a service, so it is not ready, and one such is enough.
        assert (await door.get("/readyz")).status_code == 503
        assert found["status"] == found["services"]["tickets"]["status"] == "unavailable"

    async def test_metrics_are_those_of_the_whole_process(self, door: httpx.AsyncClient) -> None:
        await door.get("/v1/me")
        text = (await door.get("/metrics")).text
        assert 'heed_request_duration_seconds_count{method="GET",route="/v1/me",service="gateway",status="401"}' in text

    async def test_the_edge_says_where_a_request_came_from(
        self, gateway: "Harness", edge_door: httpx.AsyncClient, business: "Business"
    ) -> None:
        """Sign-ins are counted by address, so behind nginx each caller must have its own."""
        wrong = {"email": business.email, "password": "wrong"}
        tries = [
            (await edge_door.post("/v1/sessions", json=wrong, headers={"X-Forwarded-For": address})).status_code
            for address in ["192.0.2.1"] * 6 + ["192.0.2.2"]
        ]
        assert tries == [401] * 5 + [429, 401]

    async def test_nobody_chooses_their_own_address(self, door: httpx.AsyncClient, business: "Business") -> None:
        wrong = {"email": business.email, "password": "wrong"}
        tries = await asyncio.gather(
            *(
                door.post("/v1/sessions", json=wrong, headers={"X-Forwarded-For": f"192.0.2.{number}"})
                for number in range(6)
            )
        )
        assert sorted(answer.status_code for answer in tries) == [401] * 5 + [429]


class TestStreams:
    async def test_an_event_stream_is_passed_on_line_by_line(self, gateway: "Harness") -> None:
        asked_for_more = asyncio.Event()

        async def stream(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"id: 1\n\n", "more_body": True})
            # The next line is only written once the first has been read.
            await asked_for_more.wait()
            await send({"type": "http.response.body", "body": b"id: 2\n\n", "more_body": False})

        app = create_front_door(gateway.runtime, {"notifier": stream})
        received: asyncio.Queue[Message] = asyncio.Queue()

        async def nothing_more() -> Message:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

        talking = asyncio.ensure_future(
            app(scope_of("/v1/events/stream", accept="text/event-stream"), nothing_more, received.put)
        )
        assert (await asyncio.wait_for(received.get(), DEADLINE_SECONDS))["status"] == 200
        assert (await asyncio.wait_for(received.get(), DEADLINE_SECONDS))["body"] == b"id: 1\n\n"
        assert not talking.done()
        asked_for_more.set()
        assert (await asyncio.wait_for(received.get(), DEADLINE_SECONDS))["body"] == b"id: 2\n\n"
        await talking

    async def test_an_upload_is_handed_on_as_it_comes(self, gateway: "Harness", business: "Business") -> None:
        pieces: list[bytes] = []

        async def upload(scope: Scope, receive: Receive, send: Send) -> None:
            while True:
                message = await receive()
                pieces.append(message["body"])
                if not message["more_body"]:
                    break
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        app = create_front_door(gateway.runtime, {"customers": upload})
        count = 0

        async def receive() -> Message:
            nonlocal count
            assert len(pieces) == count, "the door read ahead"
            count += 1
            return {"type": "http.request", "body": b"x" * 65_536, "more_body": count < 100}

        async def send(message: Message) -> None:
            pass

        scope = scope_of("/v1/customers/bulk", authorization=f"Bearer {business.api_key}")
        await app(scope, receive, send)
        assert len(pieces) == 100

    async def test_a_caller_who_hangs_up_is_noticed_by_the_service(self, gateway: "Harness") -> None:
        seen: list[Any] = []

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append((await receive())["type"])

        app = create_front_door(gateway.runtime, {"notifier": waiting})

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pass

        await app(scope_of("/v1/events/stream"), gone, send)
        assert seen == ["http.disconnect"]
