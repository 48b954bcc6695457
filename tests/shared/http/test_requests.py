"""What every endpoint does before and after its own rules."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import structlog

from shared.ids import new_id
from shared.testing.databases import Databases
from shared.testing.harness import Harness
from shared.testing.proxy import proxied
from tests.conftest import HarnessFactory
from tests.shared.toy import TOY


class TestWhoMayCall:
    async def test_nobody_without_a_token(self, toy: Harness) -> None:
        answer = await toy.anonymous().post("/v1/notes", json={"title": "a"})
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_not_with_a_token_that_we_did_not_sign(self, toy: Harness) -> None:
        forged = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJhY2MiOiJ4In0."
        answer = await toy.anonymous().get("/v1/notes", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401

    async def test_not_without_the_scope(self, toy: Harness, account: UUID) -> None:
        answer = await toy.client("tickets:read", account=account).post("/v1/notes", json={"title": "a"})
        assert answer.status_code == 403
        assert "tickets:write" in answer.json()["detail"]

    async def test_another_accounts_rows_do_not_exist(self, toy: Harness, account: UUID) -> None:
        note = (await toy.client(account=account).post("/v1/notes", json={"title": "mine"})).json()
        stranger = toy.client(account=new_id())
        assert (await stranger.get(f"/v1/notes/{note['id']}")).status_code == 404
        assert (await stranger.put(f"/v1/notes/{note['id']}", json={"title": "theirs"})).status_code == 404
        assert (await stranger.get("/v1/notes")).json()["data"] == []


class TestErrors:
    async def test_a_wrong_field_is_named(self, toy: Harness, account: UUID) -> None:
        answer = await toy.client(account=account).post("/v1/notes", json={"titel": 3})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/title", "/titel"}

    async def test_a_nul_is_refused_wherever_it_hides(self, toy: Harness, account: UUID) -> None:
        body = {"title": "a", "extra": {"deep": ["b", {"c": "\0"}]}}
        answer = await toy.client(account=account).post("/v1/notes", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/extra/deep/1/c"

    async def test_what_is_no_json_is_unreadable(self, toy: Harness, account: UUID) -> None:
        headers = {"content-type": "application/json"}
        for body in (b"{nope", b"\xff\xfe", b"[" * 100_000, b'{"title":' + b"[" * 10_000 + b"]" * 10_000 + b"}"):
            answer = await toy.client(account=account).post("/v1/notes", content=body, headers=headers)
            assert answer.status_code == 400, body[:20]
            assert answer.json()["code"] == "unreadable"

    async def test_what_is_no_utf8_is_said_to_be_none(self, toy: Harness, account: UUID) -> None:
        headers = {"content-type": "application/json"}
        answer = await toy.client(account=account).post("/v1/notes", content=b'{"title": "\xff"}', headers=headers)
        assert answer.json()["detail"] == "The body is not UTF-8."

    async def test_where_the_json_breaks_is_said(self, toy: Harness, account: UUID) -> None:
        headers = {"content-type": "application/json"}
        answer = await toy.client(account=account).post("/v1/notes", content=b'{"title": "a",}', headers=headers)
        assert "character 14" in answer.json()["detail"]

    async def test_a_form_is_told_to_be_json(self, toy: Harness, account: UUID) -> None:
        answer = await toy.client(account=account).post("/v1/notes", data={"title": "a"})
        assert answer.status_code == 415
        assert "application/json" in answer.json()["detail"]

    async def test_a_refusal_is_in_the_log_under_its_request_id(self, toy: Harness, account: UUID) -> None:
        with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            answer = await toy.client(account=account).post("/v1/notes", json={})
        [entry] = [entry for entry in logs if entry["event"] == "refused"]
        assert entry["request"] == answer.headers["X-Request-Id"]
        assert (entry["status"], entry["route"], entry["account"]) == (422, "/v1/notes", str(account))

    async def test_a_large_body_is_refused_whether_it_says_so_or_not(self, toy: Harness, account: UUID) -> None:
        async def undeclared() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b" " * 100_000

        for body in (b" " * 10_000_000, undeclared()):
            answer = await toy.client(account=account).post("/v1/notes", content=body)
            assert answer.status_code == 413

    async def test_a_fault_of_ours_tells_nothing_and_leaves_nothing(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        answer = await client.post("/v1/notes", json={"title": "explode"})
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
        assert (await client.get("/v1/notes")).json()["data"] == []
        assert await toy.emitted(account) == []

    async def test_an_unknown_address_and_a_wrong_method_are_problems_too(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        assert (await client.get("/v1/nowhere")).json()["code"] == "not_found"
        wrong = await client.delete("/v1/notes")
        assert wrong.json()["code"] == "wrong_method"
        assert "Allow" in wrong.headers

    async def test_a_database_that_is_down_is_503_until_it_is_back(
        self, toy_schema: None, databases: Databases, harness: HarnessFactory, account: UUID
    ) -> None:
        async with proxied(databases.url, 5432) as proxy:
            toy = await harness(TOY, database_url=proxy.url)
            client = toy.client(account=account)
            assert (await client.get("/v1/notes")).status_code == 200
            await proxy.down()
            for _ in range(2):
                down = await client.post("/v1/notes", json={"title": "lost?"})
                assert down.status_code == 503
                assert int(down.headers["Retry-After"]) > 0
            await proxy.up()
            assert (await client.get("/v1/notes")).json()["data"] == []


class TestHeaders:
    async def test_the_callers_request_id_comes_back(self, toy: Harness) -> None:
        answer = await toy.anonymous().get("/livez", headers={"X-Request-Id": "abc-1"})
        assert answer.headers["X-Request-Id"] == "abc-1"

    async def test_an_unusable_request_id_is_replaced(self, toy: Harness) -> None:
        answer = await toy.anonymous().get("/livez", headers={"X-Request-Id": "x" * 101})
        assert len(answer.headers["X-Request-Id"]) == 36

    async def test_browsers_are_told_to_be_careful(self, toy: Harness) -> None:
        headers = (await toy.anonymous().get("/livez")).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]

    async def test_the_trace_goes_on_in_the_event(self, toy: Harness, account: UUID) -> None:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        client = toy.client(account=account)
        await client.post("/v1/notes", json={"title": "a"}, headers={"traceparent": parent})
        [event] = await toy.emitted(account)
        assert event.traceparent is not None
        assert event.traceparent.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"


class TestLimits:
    async def test_a_credential_that_asks_too_often_waits(
        self, toy_schema: None, harness: HarnessFactory, account: UUID
    ) -> None:
        client = (await harness(TOY, rate_limit_per_minute=3)).client(account=account)
        answers = [await client.get("/v1/notes") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
        assert int(answers[3].headers["Retry-After"]) >= 1


class TestIfMatch:
    async def test_a_stale_version_changes_nothing(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        made = await client.post("/v1/notes", json={"title": "first"})
        url, etag = f"/v1/notes/{made.json()['id']}", made.headers["ETag"]
        second = await client.put(url, json={"title": "second"}, headers={"If-Match": etag})
        assert second.headers["ETag"] == '"2"'
        third = await client.put(url, json={"title": "third"}, headers={"If-Match": etag})
        assert third.status_code == 412
        assert (await client.get(url)).json()["title"] == "second"


class TestIdempotencyKey:
    async def test_the_same_call_again_gets_the_same_answer_and_one_effect(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        key = {"Idempotency-Key": "order-1"}
        first = await client.post("/v1/notes", json={"title": "a"}, headers=key)
        again = await client.post("/v1/notes", json={"title": "a"}, headers=key)
        assert (again.status_code, again.json(), again.headers["ETag"]) == (201, first.json(), first.headers["ETag"])
        assert again.headers["Idempotent-Replayed"] == "true"
        assert len((await client.get("/v1/notes")).json()["data"]) == 1
        assert len(await toy.emitted(account)) == 1

    async def test_fifty_at_once_have_one_effect(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)

        async def call() -> int:
            answer = await client.post("/v1/notes", json={"title": "a"}, headers={"Idempotency-Key": "k"})
            return answer.status_code

        statuses = await asyncio.gather(*(call() for _ in range(50)))
        assert set(statuses) <= {201, 409}
        assert 201 in statuses
        assert len((await client.get("/v1/notes")).json()["data"]) == 1

    async def test_another_body_under_the_same_key_is_refused(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        await client.post("/v1/notes", json={"title": "a"}, headers={"Idempotency-Key": "k"})
        other = await client.post("/v1/notes", json={"title": "b"}, headers={"Idempotency-Key": "k"})
        assert other.status_code == 422
        assert other.json()["errors"][0]["code"] == "key_reused"

    async def test_a_call_that_failed_may_be_made_again(self, toy: Harness, account: UUID) -> None:
        client = toy.client(account=account)
        failed = await client.post("/v1/notes", json={"title": ""}, headers={"Idempotency-Key": "k"})
        assert failed.status_code == 422
        good = await client.post("/v1/notes", json={"title": "a"}, headers={"Idempotency-Key": "k"})
        assert good.status_code == 201

    async def test_another_accounts_key_is_another_key(self, toy: Harness, account: UUID) -> None:
        for owner in (account, new_id()):
            answer = await toy.client(account=owner).post(
                "/v1/notes", json={"title": str(owner)}, headers={"Idempotency-Key": "k"}
            )
            assert answer.status_code == 201
            assert "Idempotent-Replayed" not in answer.headers

    @pytest.mark.parametrize("key", ["x" * 256, "tab\there"])
    async def test_an_unusable_key_is_refused(self, toy: Harness, account: UUID, key: str) -> None:
        answer = await toy.client(account=account).post(
            "/v1/notes", json={"title": "a"}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 422


class TestCommit:
    async def test_the_commit_precedes_the_answer(self, toy: Harness, account: UUID) -> None:
        """What the first byte of the answer promises is already visible to another connection."""
        seen: list[int] = []

        async def spy(scope: object, receive: object, send: object) -> None:
            async def watched(message: dict[str, object]) -> None:
                if message["type"] == "http.response.start":
                    seen.append(len((await toy.client(account=account).get("/v1/notes")).json()["data"]))
                await send(message)  # type: ignore[operator]

            await toy.app(scope, receive, watched)  # type: ignore[arg-type]

        client = toy.client(account=account)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(spy), base_url="http://heed.test", headers=client.headers
        ) as spied:
            assert (await spied.post("/v1/notes", json={"title": "a"})).status_code == 201
        assert seen == [1]
