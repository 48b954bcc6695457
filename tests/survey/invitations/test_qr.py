"""The open link as a QR code."""

from uuid import UUID

import pytest

from services.survey.invitations.qr import open_link
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import open_survey


@pytest.mark.parametrize("kind", ["svg", "png"])
class TestQR:
    async def test_needs_a_credential(self, survey: Harness, kind: str) -> None:
        assert (await survey.anonymous().get(f"/v1/surveys/{new_id()}/qr.{kind}")).status_code == 401

    async def test_of_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, kind: str) -> None:
        live = await open_survey(survey.client(account=account))
        other = survey.client(account=new_id())
        assert (await other.get(f"/v1/surveys/{live['id']}/qr.{kind}")).status_code == 404

    async def test_is_a_picture(self, survey: Harness, account: UUID, kind: str) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).get(f"/v1/surveys/{live['id']}/qr.{kind}")
        start = {"svg": b"<?xml", "png": b"\x89PNG\r\n"}[kind]
        media_type = {"svg": "image/svg+xml", "png": "image/png"}[kind]
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert answer.content.startswith(start)

    async def test_carries_hidden_fields_and_nothing_that_is_none(
        self, survey: Harness, account: UUID, kind: str
    ) -> None:
        live = await open_survey(survey.client(account=account))
        client = survey.client(account=account)
        path = f"/v1/surveys/{live['id']}/qr.{kind}"
        plain = await client.get(path)
        assert (await client.get(path, params={"field": "store:12"})).content != plain.content
        assert (await client.get(path, params={"field": "Store"})).status_code == 422


async def test_fields_are_part_of_the_address(survey: Harness, account: UUID) -> None:
    async with survey.work(account) as work:
        link = open_link(work, new_id(), ["store:Köln & Bonn", "till:3:b"])
    assert link.endswith("?store=K%C3%B6ln+%26+Bonn&till=3%3Ab")
