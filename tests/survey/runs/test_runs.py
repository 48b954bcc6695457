"""Asking many: in pieces, with progress, to be stopped, and going on where it stood."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.runs import service as runs
from shared.contracts.survey import InvitationCreated, InvitationRunFinished
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import join
from tests.survey.building import know_customer, open_survey

CALLS = ("POST {}/runs", "GET {}/runs", "GET {}/runs/{}", "POST {}/runs/{}/cancel")


class TestAccess:
    @pytest.mark.parametrize("call", CALLS)
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}", new_id()).partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", CALLS)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        live = await open_survey(survey.client(account=account))
        run = await start(survey, account, live, [new_id()])
        method, _, path = call.format(f"/v1/surveys/{live['id']}", run["id"]).partition(" ")
        body = {"customer_ids": [str(new_id())]}
        assert (await survey.client(account=new_id()).request(method, path, json=body)).status_code == 404


class TestRunning:
    async def test_asks_a_segment_in_pieces_and_says_how_it_went(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runs, "PIECE", 2)
        segment = new_id()
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(4)]
        mute = await know_customer(survey, account, email=None)
        await join(survey, account, segment, *people, mute)
        live = await open_survey(survey.client(account=account))
        run = await start(survey, account, live, segment)
        assert (run["state"], run["invited"]) == ("waiting", 0)
        await survey.run_timers()
        run = await look(survey, account, run)
        assert (run["state"], run["customers"], run["invited"], run["refused"]) == ("finished", 5, 4, 1)
        assert run["refused_by"] == {"no_address": 1}
        asked = [event.data for event in await survey.emitted(account, InvitationCreated)]
        assert {one.customer_id for one in asked if isinstance(one, InvitationCreated)} == set(people)
        assert {one.cause for one in asked if isinstance(one, InvitationCreated)} == {"run"}
        [told] = await survey.emitted(account, InvitationRunFinished)
        assert isinstance(told.data, InvitationRunFinished)
        assert (told.data.state, told.data.invited, told.data.refused) == ("finished", 4, 1)

    async def test_waits_for_its_time(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        at = survey.clock.now() + timedelta(days=1)
        run = await start(survey, account, live, [ana], send_at=at.isoformat())
        await survey.run_timers()
        assert (await look(survey, account, run))["state"] == "waiting"
        survey.clock.advance(timedelta(days=1))
        await survey.run_timers()
        assert (await look(survey, account, run))["invited"] == 1

    async def test_a_piece_that_fails_is_done_again_and_nobody_is_asked_twice(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As when the process dies in the middle: the piece and its cursor are kept together or not at all."""
        monkeypatch.setattr(runs, "PIECE", 2)
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(6)]
        live = await open_survey(survey.client(account=account))
        run = await start(survey, account, live, people)
        counted, calls = runs._count, 0

        def fails_once(*arguments: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise RuntimeError("pulled the plug")
            counted(*arguments)

        monkeypatch.setattr(runs, "_count", fails_once)
        await survey.run_timers()
        half = await look(survey, account, run)
        assert (half["state"], half["invited"]) == ("running", 2)
        survey.clock.advance(timedelta(minutes=1))
        await survey.run_timers()
        whole = await look(survey, account, run)
        assert (whole["state"], whole["invited"], whole["refused"]) == ("finished", 6, 0)
        assert len(await survey.emitted(account, InvitationCreated)) == 6

    async def test_can_be_stopped_and_stays_so(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        run = await start(survey, account, live, [ana])
        client = survey.client(account=account)
        path = f"/v1/surveys/{live['id']}/runs/{run['id']}/cancel"
        for _ in range(2):
            assert (await client.post(path)).json()["state"] == "cancelled"
        await survey.run_timers()
        assert await survey.emitted(account, InvitationCreated) == []
        assert len(await survey.emitted(account, InvitationRunFinished)) == 1

    async def test_what_is_over_cannot_be_stopped(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        run = await start(survey, account, live, [await know_customer(survey, account)])
        await survey.run_timers()
        path = f"/v1/surveys/{live['id']}/runs/{run['id']}/cancel"
        assert (await survey.client(account=account).post(path)).status_code == 409

    async def test_an_invitation_for_later_or_for_a_segment_is_a_run(self, survey: Harness, account: UUID) -> None:
        segment, ana = new_id(), await know_customer(survey, account)
        await join(survey, account, segment, ana)
        client = survey.client(account=account)
        live = await open_survey(client)
        at = (survey.clock.now() + timedelta(hours=1)).isoformat()
        for body in ({"segment_id": str(segment)}, {"customers": [str(ana)], "send_at": at}):
            answer = await client.post(f"/v1/surveys/{live['id']}/invitations", json=body)
            assert answer.status_code == 200, answer.text
            assert (answer.json()["queued"], answer.json()["data"]) == (0, [])
            run = await client.get(f"/v1/surveys/{live['id']}/runs/{answer.json()['run_id']}")
            assert run.json()["state"] == "waiting"


class TestRefusing:
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"segment_id": str(new_id())},
            {"segment_id": str(new_id()), "customer_ids": [str(new_id())]},
            {"customer_ids": []},
            {"customer_ids": [str(new_id())], "send_at": "2026-03-02T09:00:00"},
        ],
    )
    async def test_what_names_nobody(self, survey: Harness, account: UUID, body: dict[str, Any]) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/runs", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]


async def start(
    survey: Harness, account: UUID, live: dict[str, Any], whom: UUID | Sequence[UUID], **fields: Any
) -> dict[str, Any]:
    named = {"segment_id": str(whom)} if isinstance(whom, UUID) else {"customer_ids": [str(one) for one in whom]}
    answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/runs", json=named | fields)
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


async def look(survey: Harness, account: UUID, run: dict[str, Any]) -> dict[str, Any]:
    answer = await survey.client(account=account).get(f"/v1/surveys/{run['survey_id']}/runs/{run['id']}")
    found: dict[str, Any] = answer.json()
    return found
