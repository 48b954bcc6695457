"""A merge of customers, as survey hears of it: what was said belongs to who it is now, and remembers whose it was."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.survey.invitations.models import Invitation
from shared.contracts.customers import CustomerIdentified, CustomerMerged, CustomerUnmerged, CustomerUpdated
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.survey import CustomerSighted
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.survey.building import know_customer, open_survey, response_to, understand


async def merge(survey: Harness, account: UUID, merged: UUID, kept: UUID, version: int = 2) -> None:
    told = CustomerMerged(customer_id=kept, merged_customer_id=merged, merged_version=version, automatic=False)
    await survey.deliver(told, account=account, subject=kept)


async def unmerge(survey: Harness, account: UUID, restored: UUID, kept: UUID, version: int = 3) -> None:
    told = CustomerUnmerged(customer_id=kept, restored_customer_id=restored, restored_version=version)
    await survey.deliver(told, account=account, subject=kept)


async def say(survey: Harness, account: UUID, submission: str, **customer: Any) -> None:
    client = survey.client(account=account)
    surveys = (await client.get("/v1/surveys")).json()["data"]
    live = surveys[0] if surveys else await open_survey(client)
    answer = await client.post("/v1/responses", json=response_to(live, submission, customer=customer))
    assert answer.status_code == 201, answer.text
    await understand(survey, account)


async def said_by(survey: Harness, account: UUID, customer_id: UUID) -> int:
    client = survey.client(account=account)
    return len((await client.get("/v1/feedback", params={"customer_id": str(customer_id)})).json()["data"])


async def told(survey: Harness, account: UUID) -> list[tuple[UUID | None, UUID | None]]:
    events = await survey.emitted(account, FeedbackReceived)
    return [(e.data.customer_id, e.data.origin_customer_id) for e in events if isinstance(e.data, FeedbackReceived)]


class TestAMerge:
    async def test_takes_along_what_was_said_and_gives_it_back(self, survey: Harness, account: UUID) -> None:
        ana, a_n_a = (
            await know_customer(survey, account, email="ana@example.com"),
            await know_customer(survey, account, email="a.n.a@example.com"),
        )
        await say(survey, account, "s-1", email="a.n.a@example.com")
        await merge(survey, account, a_n_a, ana)
        assert (await said_by(survey, account, ana), await said_by(survey, account, a_n_a)) == (1, 0)
        await unmerge(survey, account, a_n_a, ana)
        assert (await said_by(survey, account, ana), await said_by(survey, account, a_n_a)) == (0, 1)

    async def test_lets_what_is_said_later_remember_under_which_identity(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, email="ana@example.com")
        a_n_a = await know_customer(survey, account, email="a.n.a@example.com")
        await merge(survey, account, a_n_a, ana)
        await say(survey, account, "s-1", email="a.n.a@example.com")
        await say(survey, account, "s-2", email="ana@example.com")
        assert await told(survey, account) == [(ana, a_n_a), (ana, None)]
        await unmerge(survey, account, a_n_a, ana)
        assert await said_by(survey, account, a_n_a) == 1

    async def test_finds_the_former_owner_of_an_address_that_the_kept_record_took_over(
        self, survey: Harness, account: UUID
    ) -> None:
        ana = await know_customer(survey, account, email=None, phone="+351912345678")
        a_n_a = await know_customer(survey, account, email="a.n.a@example.com")
        await merge(survey, account, a_n_a, ana)
        taken_over = CustomerUpdated(customer_id=ana, profile=profile_of(email="a.n.a@example.com"))
        await survey.deliver(taken_over, account=account, subject=ana, version=2)
        await say(survey, account, "s-1", email="a.n.a@example.com")
        assert await told(survey, account) == [(ana, a_n_a)]

    async def test_that_is_heard_of_after_the_answer_about_who_it_was_changes_nothing(
        self, survey: Harness, account: UUID
    ) -> None:
        ana = await know_customer(survey, account, email="ana@example.com")
        a_n_a = await know_customer(survey, account, email=None)
        await say(survey, account, "s-1", email="unknown@example.com")
        [sighted] = await survey.emitted(account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        identified = CustomerIdentified(customer_id=ana, sighting_id=sighted.data.sighting_id, origin_customer_id=a_n_a)
        await survey.deliver(identified, account=account, subject=ana)
        await merge(survey, account, a_n_a, ana)
        assert await said_by(survey, account, ana) == 1
        await unmerge(survey, account, a_n_a, ana)
        assert await said_by(survey, account, a_n_a) == 1

    async def test_of_two_who_were_asked_the_same_leaves_one_invitation_open(
        self, survey: Harness, account: UUID
    ) -> None:
        ana = await know_customer(survey, account, email="ana@example.com")
        a_n_a = await know_customer(survey, account, email="a.n.a@example.com")
        client = survey.client(account=account)
        live = await open_survey(client)
        path = f"/v1/surveys/{live['id']}/invitations"
        wanted = {"customers": [{"id": str(ana)}, {"id": str(a_n_a)}], "channel": "email"}
        assert (await client.post(path, json=wanted)).status_code in (200, 201)
        await merge(survey, account, a_n_a, ana)
        again = (
            await client.post(path, json={"customers": [{"email": "a.n.a@example.com"}], "channel": "email"})
        ).json()
        [refused] = again["data"]
        assert refused["customer_id"] == str(ana)
        async with survey.work(account) as work:
            states = await work.session.scalars(select(Invitation.state).where(Invitation.customer_id == ana))
        assert sorted(states) == ["open", "revoked"]
