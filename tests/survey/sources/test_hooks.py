"""`/hooks/{token}`: verified, kept as it came, answered with a status that senders understand, and read once.

Seen to fail: the signature unchecked, the doors' cache kept for ever, the delivery id ignored, the token used once
ignored, the limit on bodies taken away, the URL built from `Host`.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.adapters.base import Connection, KeysNeeded, Platform, PlatformDown, Received, Verified
from services.survey.app import SERVICE
from services.survey.sources.intake import hooks_of
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.sources import SourceDelivered
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.sources.toy import (
    SECRET,
    Toy,
    connected,
    forget_doors,
    path_of,
    read_all,
    review,
    send,
    signed,
)


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


@pytest.fixture
async def source(client: httpx.AsyncClient) -> dict[str, Any]:
    return await connected(client)


async def deliveries_of(client: httpx.AsyncClient, source: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/v1/sources/{source['id']}/deliveries")).json()["data"]
    return found


async def feedback_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/feedback")).json()["data"]
    return found


class TestWhatIsSigned:
    async def test_is_kept_answered_and_read(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        answer = await send(survey, source)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        [kept] = await deliveries_of(client, source)
        assert (kept["state"], kept["items"]) == ("received", 0)
        await read_all(survey, account)
        [kept] = await deliveries_of(client, source)
        assert (kept["state"], kept["items"]) == ("read", 1)
        [said] = await feedback_of(client)
        assert (said["kind"], said["text"], said["channel"]) == ("review", "It came late.", "web")

    async def test_a_hundred_times_at_once_is_one(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        body = review()
        answers = await asyncio.gather(*(send(survey, source, body) for _ in range(100)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(await deliveries_of(client, source)) == 1
        await read_all(survey, account)
        await read_all(survey, account)
        assert len(await feedback_of(client)) == 1
        assert len(await survey.emitted(account, SourceDelivered)) == 1
        assert len(await survey.emitted(account, FeedbackReceived)) == 1

    async def test_is_known_by_the_senders_own_id(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        headers = {"x-toy-id": "evt_1"}
        assert [(await send(survey, source, headers=headers)).status_code for _ in range(2)] == [200, 200]
        [kept] = await deliveries_of(client, source)
        assert kept["delivery_id"] == "evt_1"

    async def test_may_need_keys_that_are_fetched_first(
        self, survey: Harness, source: dict[str, Any], toy: Toy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verify, fetched = toy.verify, list[Platform]()

        def with_keys(received: Received, connection: Connection) -> Verified:
            if not fetched:
                raise KeysNeeded
            return verify(received, connection)

        async def cannot(platform: Platform, connection: Connection) -> None:
            raise PlatformDown("no answer")

        async def can(platform: Platform, connection: Connection) -> None:
            fetched.append(platform)

        monkeypatch.setattr(toy, "verify", with_keys)
        monkeypatch.setattr(toy, "prepare", cannot)
        answer = await send(survey, source)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        monkeypatch.setattr(toy, "prepare", can)
        assert [(await send(survey, source)).status_code for _ in range(2)] == [200, 200]
        assert len(fetched) == 1

    async def test_may_be_what_cannot_be_read(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        """Not the sender's fault, who would try again for days; nor is a mistake of the adapter's."""
        for body in (b"<xml/>", b'[{"id": 1}]'):
            assert (await send(survey, source, body)).status_code == 200
        await read_all(survey, account)
        problems = {kept["state"]: kept["problem"] for kept in await deliveries_of(client, source)}
        assert problems.keys() == {"quarantined"}
        answers = await client.get(f"/v1/sources/{source['id']}/deliveries", params={"state": "quarantined"})
        assert {kept["problem"] for kept in answers.json()["data"]} == {
            "This is no JSON.",
            "The adapter failed (KeyError); this is a mistake of Heed's.",
        }

    async def test_is_shown_as_it_came_but_for_its_secrets(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any], toy: Toy
    ) -> None:
        body = review()
        headers = [*signed(body).items(), ("x-toy-api-secret", "hush"), ("Authorization", "Basic hush")]
        headers += [("x-twice", "1"), ("x-twice", "2"), ("Host", "evil.example")]
        url = f"{path_of(source)}?shop=1&token=hush"
        assert (await survey.anonymous().post(url, content=body, headers=headers)).status_code == 200
        [received] = toy.seen
        assert received.url == f"{source['hook_url']}?shop=1&token=hush"
        assert [value for name, value in received.headers if name == "x-twice"] == ["1", "2"]
        [kept] = await deliveries_of(client, source)
        answer = await client.get(f"/v1/sources/{source['id']}/deliveries/{kept['id']}")
        shown = answer.json()
        assert shown["body"] == body.decode()
        assert [shown["query"][0], shown["cut"], shown["body_base64"]] == [{"name": "shop", "value": "1"}, False, None]
        assert "hush" not in answer.text
        assert {"name": "x-twice", "value": "2"} in shown["headers"]
        assert source["hook_url"].rsplit("/", 1)[1] not in answer.text


class TestWhatIsNot:
    @pytest.mark.parametrize(
        ("method", "token", "secret", "size", "status"),
        [
            ("POST", None, "another secret", 10, 401),
            ("POST", None, None, 10, 401),
            ("POST", "x", SECRET, 10, 404),
            ("POST", None, SECRET, 100_001, 413),
            ("GET", None, SECRET, 0, 405),
            ("HEAD", None, None, 0, 200),
        ],
    )
    async def test_is_answered_with(
        self,
        survey: Harness,
        client: httpx.AsyncClient,
        source: dict[str, Any],
        method: str,
        token: str | None,
        secret: str | None,
        size: int,
        status: int,
    ) -> None:
        body = b"x" * size
        path = f"/hooks/{token}" if token else path_of(source)
        headers = signed(body, secret) if secret else {}
        answer = await survey.anonymous().request(method, path, content=body, headers=headers)
        assert answer.status_code == status
        if status == 405:
            assert answer.headers["allow"] == "POST, HEAD"
        assert await deliveries_of(client, source) == []

    async def test_is_counted_by_reason_and_not_kept(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        for secret in ("another secret", "yet another"):
            await send(survey, source, secret=secret)
        await survey.anonymous().post(path_of(source), content=b"hello")
        await hooks_of(survey.runtime).rejections.write_down()
        await send(survey, source, secret="another secret")
        await hooks_of(survey.runtime).rejections.write_down()
        shown = (await client.get(f"/v1/sources/{source['id']}")).json()
        assert {one["reason"]: one["count"] for one in shown["rejections"]} == {
            "missing_signature": 1,
            "wrong_signature": 3,
        }

    @pytest.mark.parametrize(("chunks", "status"), [(2, 401), (20, 413)])
    async def test_is_cut_off_where_its_sender_does_not_say_how_long_it_is(
        self, survey: Harness, source: dict[str, Any], chunks: int, status: int
    ) -> None:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(chunks):
                yield b"x" * 10_000

        assert (await survey.anonymous().post(path_of(source), content=body())).status_code == status

    async def test_gets_no_handshake(self, survey: Harness, client: httpx.AsyncClient) -> None:
        source = await connected(client, settings={"challenge": "our word"})
        stranger = survey.anonymous()
        answer = await stranger.get(path_of(source), params={"challenge": "our word"})
        assert (answer.status_code, answer.text) == (200, "welcome")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await stranger.get(path_of(source), params={"challenge": "a guess"})).status_code == 401

    async def test_a_token_that_was_used_brings_nothing_else(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        """What is signed is only the token; the same again is a repetition, anything else a forgery."""
        once, body = {"x-toy-once": "t-1"}, review()
        assert (await send(survey, source, body, headers=once)).status_code == 200
        assert (await send(survey, source, body, headers=once)).status_code == 200
        assert (await send(survey, source, headers=once)).status_code == 401
        assert len(await deliveries_of(client, source)) == 1
        await hooks_of(survey.runtime).rejections.write_down()
        shown = (await client.get(f"/v1/sources/{source['id']}")).json()
        assert [one["reason"] for one in shown["rejections"]] == ["replayed"]

    async def test_is_refused_early_when_too_much_arrives(self, harness: HarnessFactory, account: UUID) -> None:
        survey = await harness(SERVICE, survey_intake_waiting=5)
        client = survey.client(account=account)
        source = await connected(client)
        answers = await asyncio.gather(*(send(survey, source) for _ in range(100)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert next(answer for answer in answers if answer.status_code == 429).headers["retry-after"] == "1"
        kept = await client.get(f"/v1/sources/{source['id']}/deliveries", params={"limit": 200})
        assert len(kept.json()["data"]) == statuses.count(200)


class TestALargeBody:
    async def test_is_kept_too(self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]) -> None:
        body = review(text="x" * 80_000)
        assert [(await send(survey, source, body)).status_code for _ in range(2)] == [200, 200]
        [kept] = await deliveries_of(client, source)
        assert kept["size"] == len(body)


class TestASourceThatIs:
    async def test_removed_answers_410_within_a_second(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        assert (await send(survey, source)).status_code == 200
        assert (await client.delete(f"/v1/sources/{source['id']}")).status_code == 204
        async with asyncio.timeout(3):
            while (await send(survey, source)).status_code != 410:
                await asyncio.sleep(0.05)
        assert (await client.get(f"/v1/sources/{source['id']}")).status_code == 404

    async def test_paused_keeps_what_comes_and_reads_it_later(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        path = f"/v1/sources/{source['id']}"
        assert (await client.post(f"{path}/pause")).json()["state"] == "paused"
        assert (await send(survey, source)).status_code == 200
        await read_all(survey, account)
        assert (await client.get(path)).json()["waiting"] == 1
        assert (await client.post(f"{path}/resume")).json()["state"] == "active"
        await survey.run_timers()
        await read_all(survey, account)
        assert (await client.get(path)).json()["waiting"] == 0
        assert len(await feedback_of(client)) == 1

    async def test_given_a_new_address_has_both_for_a_day(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        rotated = (await client.post(f"/v1/sources/{source['id']}/address")).json()
        assert rotated["hook_url"] != source["hook_url"]
        forget_doors(survey)
        assert [(await send(survey, each)).status_code for each in (source, rotated)] == [200, 200]
        survey.clock.advance(timedelta(hours=24))
        assert [(await send(survey, each)).status_code for each in (source, rotated)] == [404, 200]

    async def test_given_new_secrets_knows_both_for_a_while(
        self, survey: Harness, client: httpx.AsyncClient, source: dict[str, Any]
    ) -> None:
        new = {"secrets": {"secret": "another secret"}, "keep_former_hours": 1}
        answer = await client.post(f"/v1/sources/{source['id']}/secrets", json=new)
        assert answer.json()["former_secrets_until"] is not None
        forget_doors(survey)
        both = (SECRET, "another secret")
        assert [(await send(survey, source, secret=each)).status_code for each in both] == [200, 200]
        survey.clock.advance(timedelta(hours=1))
        assert [(await send(survey, source, secret=each)).status_code for each in both] == [401, 200]
