"""Signing in and out in a browser."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.gateway.sessions import endpoints
from services.gateway.sessions import service as sessions_service
from services.gateway.users.passwords import passwords_of

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business, Echo

TICKETS = "/v1/tickets"


async def sign_in(door: httpx.AsyncClient, business: "Business", **changes: Any) -> httpx.Response:
    return await door.post("/v1/sessions", json={"email": business.email, "password": business.password} | changes)


class TestSigningIn:
    async def test_opens_what_was_closed(self, door: httpx.AsyncClient, business: "Business") -> None:
        assert (await door.get("/v1/me")).status_code == 401
        answer = await sign_in(door, business)
        assert answer.status_code == 201
        me = (await door.get("/v1/me")).json()
        assert me["user"]["email"] == business.email
        assert me["account"]["account_id"] == str(business.account_id)
        assert me["csrf_token"] == answer.json()["csrf_token"]

    async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        cookie = (await sign_in(door, business)).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie

    async def test_over_https_the_cookie_never_leaves_it(
        self, harness: Callable[..., Awaitable["Harness"]], business: "Business"
    ) -> None:
        from services.gateway.app import SERVICE

        secure = await harness(SERVICE, public_url="https://heed.example.com")
        cookie = (await sign_in(secure.anonymous(), business)).headers["set-cookie"]
        assert "Secure" in cookie.split("; ")

    async def test_the_session_is_stored_as_a_hash_only(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        from services.gateway.sessions.models import Session

        token = (await sign_in(door, business)).cookies["heed_session"]
        async with gateway.work(business.account_id) as work:
            assert token not in str((await work.session.execute(Session.__table__.select())).all())

    async def test_a_person_of_two_accounts_may_say_which(
        self,
        gateway: "Harness",
        door: httpx.AsyncClient,
        business: "Business",
        open_business: Callable[[], Awaitable["Business"]],
    ) -> None:
        other = await open_business()
        gateway.clock.advance(timedelta(seconds=1))
        await gateway.client(account=other.account_id).post(
            "/v1/users", json={"email": business.email, "name": "O", "role": "agent", "password": "another-password"}
        )
        assert (await sign_in(door, business)).json()["account_id"] == str(business.account_id)
        there = await sign_in(door, business, password="another-password", account_id=str(other.account_id))
        assert there.json()["account_id"] == str(other.account_id)

    @pytest.mark.parametrize("body", [{}, {"email": "a@b.cz"}, {"email": 1, "password": "x"}, [], "x"])
    async def test_a_body_that_is_no_sign_in_is_refused(self, door: httpx.AsyncClient, body: object) -> None:
        assert (await door.post("/v1/sessions", json=body)).status_code == 422

    async def test_from_a_page_of_another_site_is_refused(self, door: httpx.AsyncClient, business: "Business") -> None:
        answer = await door.post(
            "/v1/sessions",
            json={"email": business.email, "password": business.password},
            headers={"Origin": "https://evil.example"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "forged_request")

    async def test_works_with_a_cookie_that_has_expired(self, door: httpx.AsyncClient, business: "Business") -> None:
        door.cookies.set("heed_session", "x" * 43)
        assert (await sign_in(door, business)).status_code == 201


class TestRefusals:
    async def test_an_unknown_person_and_a_wrong_password_look_the_same(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        wrong = await sign_in(door, business, password="not the password")
        unknown = await sign_in(door, business, email="nobody@example.com")
        empty = await sign_in(door, business, password="")
        assert [answer.status_code for answer in (wrong, unknown, empty)] == [401] * 3
        assert len({str(answer.json() | {"request_id": ""}) for answer in (wrong, unknown, empty)}) == 1
        assert "set-cookie" not in wrong.headers

    async def test_take_the_same_time(self, door: httpx.AsyncClient, business: "Business") -> None:
        async def seconds(**changes: str) -> float:
            started = time.perf_counter()
            await sign_in(door, business, **changes)
            return time.perf_counter() - started

        for taken in (await seconds(password="wrong"), await seconds(email="nobody@example.com")):
            assert taken >= endpoints.REFUSAL_SECONDS

    async def test_the_sixth_attempt_in_a_minute_is_not_even_looked_at(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        for _ in range(5):
            assert (await sign_in(door, business, password="wrong")).status_code == 401
        sixth = await sign_in(door, business)
        assert (sixth.status_code, sixth.json()["code"]) == (429, "too_many_attempts")
        assert 0 < int(sixth.headers["retry-after"]) <= 60
        gateway.clock.advance(timedelta(minutes=1))
        assert (await sign_in(door, business)).status_code == 201

    async def test_attempts_at_the_same_time_are_counted_too(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        answers = await asyncio.gather(*(sign_in(door, business, password="wrong") for _ in range(10)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 5

    async def test_an_unknown_address_is_throttled_like_a_known_one(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        unknown = f"nobody-{business.account_id}@example.com"
        answers = await asyncio.gather(*(sign_in(door, business, email=unknown) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429]

    async def test_one_person_being_attacked_does_not_lock_out_another(
        self, door: httpx.AsyncClient, business: "Business", open_business: Callable[[], Awaitable["Business"]]
    ) -> None:
        await asyncio.gather(*(sign_in(door, business, password="wrong") for _ in range(6)))
        assert (await sign_in(door, await open_business())).status_code == 201


class TestForgery:
    """A browser sends the cookie whether its user meant it or not."""

    async def test_reading_needs_no_token(self, door: httpx.AsyncClient, business: "Business", echo: "Echo") -> None:
        await sign_in(door, business)
        assert (await door.get(TICKETS)).text == "echo"

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
    async def test_changing_without_the_token_is_refused(
        self, door: httpx.AsyncClient, business: "Business", echo: "Echo", method: str
    ) -> None:
        await sign_in(door, business)
        for headers in ({}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": ""}):
            answer = await door.request(method, TICKETS, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forged_request")
        assert echo.scopes == []

    async def test_changing_with_the_token_passes(
        self, door: httpx.AsyncClient, business: "Business", echo: "Echo"
    ) -> None:
        token = (await sign_in(door, business)).json()["csrf_token"]
        assert (await door.post(TICKETS, headers={"X-CSRF-Token": token})).text == "echo"

    async def test_another_sessions_token_does_not_pass(
        self, door: httpx.AsyncClient, business: "Business", echo: "Echo"
    ) -> None:
        first = (await sign_in(door, business)).json()["csrf_token"]
        await sign_in(door, business)
        assert (await door.post(TICKETS, headers={"X-CSRF-Token": first})).status_code == 403

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8001", "http://["])
    async def test_another_sites_page_is_refused_even_with_the_token(
        self, door: httpx.AsyncClient, business: "Business", echo: "Echo", origin: str
    ) -> None:
        token = (await sign_in(door, business)).json()["csrf_token"]
        answer = await door.post(TICKETS, headers={"X-CSRF-Token": token, "Origin": origin})
        assert (answer.status_code, echo.scopes) == (403, [])

    async def test_our_own_page_passes(self, door: httpx.AsyncClient, business: "Business", echo: "Echo") -> None:
        token = (await sign_in(door, business)).json()["csrf_token"]
        answer = await door.post(TICKETS, headers={"X-CSRF-Token": token, "Origin": "http://localhost:8000"})
        assert answer.text == "echo"

    async def test_nginx_is_told_the_same(self, edge_door: httpx.AsyncClient, business: "Business") -> None:
        token = (await sign_in(edge_door, business)).json()["csrf_token"]
        original = {"X-Original-Method": "POST", "X-Original-URI": TICKETS}
        assert (await edge_door.get("/internal/exchange", headers=original)).status_code == 403
        passed = await edge_door.get("/internal/exchange", headers=original | {"X-CSRF-Token": token})
        assert passed.status_code == 204


class TestTheEnd:
    async def test_signing_out_ends_the_session_and_the_cookie(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        answer = await sign_in(door, business)
        cookie = answer.cookies["heed_session"]
        ended = await door.delete("/v1/sessions/current", headers={"X-CSRF-Token": answer.json()["csrf_token"]})
        assert ended.status_code == 204
        assert "Max-Age=0" in ended.headers["set-cookie"]
        door.cookies.set("heed_session", cookie)
        assert (await door.get("/v1/me")).status_code == 401

    async def test_signing_out_needs_a_session(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        assert (await door.delete("/v1/sessions/current")).status_code == 401
        bearer = {"Authorization": f"Bearer {business.api_key}"}
        assert (await door.delete("/v1/sessions/current", headers=bearer)).json()["code"] == "not_a_session"

    async def test_a_dead_cookie_is_taken_back(self, door: httpx.AsyncClient) -> None:
        door.cookies.set("heed_session", "x" * 43)
        answer = await door.get("/v1/me")
        assert answer.status_code == 401
        assert "Max-Age=0" in answer.headers["set-cookie"]

    async def test_it_ends_when_nobody_uses_it(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        await sign_in(door, business)
        gateway.clock.advance(timedelta(hours=23))
        assert (await door.get("/v1/me")).status_code == 200
        gateway.clock.advance(timedelta(hours=23))
        assert (await door.get("/v1/me")).status_code == 200
        gateway.clock.advance(timedelta(hours=24))
        assert (await door.get("/v1/me")).status_code == 401

    async def test_it_ends_after_two_weeks_however_busy_it_is(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        await sign_in(door, business)
        statuses = []
        for _ in range(15):
            gateway.clock.advance(timedelta(hours=23))
            statuses.append((await door.get("/v1/me")).status_code)
        assert statuses == [200] * 14 + [401]

    async def test_a_changed_password_ends_all_sessions(
        self, gateway: "Harness", door: httpx.AsyncClient, edge_door: httpx.AsyncClient, business: "Business"
    ) -> None:
        csrf = (await sign_in(door, business)).json()["csrf_token"]
        await sign_in(edge_door, business)
        change = {"current_password": business.password, "new_password": "a brand new password"}
        changed = await door.put("/v1/me/password", json=change, headers={"X-CSRF-Token": csrf})
        assert changed.status_code == 204
        assert (await door.get("/v1/me")).status_code == 401
        assert (await edge_door.get("/v1/me")).status_code == 401
        assert (await sign_in(door, business)).status_code == 401
        assert (await sign_in(door, business, password="a brand new password")).status_code == 201

    async def test_a_session_cannot_begin_with_a_password_that_has_just_been_changed(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        member = await sessions_service.find_member(gateway.runtime, business.email, None)
        assert member is not None
        client = gateway.client(account=business.account_id)
        await client.patch(f"/v1/users/{business.owner_id}", json={"password": "a brand new password"})
        passwords = passwords_of(gateway.runtime)
        async with gateway.work(business.account_id) as work:
            with pytest.raises(sessions_service.WrongCredentials):
                await sessions_service.start(work, member, passwords, business.password, lifetime=timedelta(days=1))

    async def test_changing_the_password_needs_the_current_one(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        csrf = (await sign_in(door, business)).json()["csrf_token"]
        change = {"current_password": "a guess", "new_password": "a brand new password"}
        answer = await door.put("/v1/me/password", json=change, headers={"X-CSRF-Token": csrf})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/current_password")
        assert (await door.get("/v1/me")).status_code == 200
