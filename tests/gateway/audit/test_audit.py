"""The audit trail: complete, in order, and impossible to change unnoticed."""

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.gateway.audit import trail
from services.gateway.audit.chain import entry_hash
from services.gateway.audit.models import AuditEntry
from shared.bus.events import Actor, Event, decode_event
from shared.contracts.base import ActorKind, Payload
from shared.contracts.customers import CustomerCreated, CustomerProfile
from shared.contracts.survey import SurveyPublished
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.databases import Databases
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business

PERSON = Actor(ActorKind.HUMAN, "0193-ada")
PUBLISHED = SurveyPublished(survey_id=new_id(), survey_version=1, name="After delivery", kind="nps")
ANA = CustomerProfile(
    external_id=None, email="ana@example.com", phone=None, name="Ana", locale=None, timezone=None, company=None
)


async def entries(gateway: "Harness", account: UUID, **filters: str) -> list[dict[str, Any]]:
    answer = await gateway.client("audit:read", account=account).get("/v1/audit", params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def verification(gateway: "Harness", account: UUID, **query: int) -> dict[str, Any]:
    answer = await gateway.client("audit:read", account=account).get("/v1/audit/verification", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def tell(gateway: "Harness", account: UUID, *payloads: Payload, actor: Actor = PERSON) -> list[Event[Payload]]:
    raw = [gateway.event(payload, account=account, actor=actor) for payload in payloads]
    await gateway.deliver_raw(raw)
    return [decode_event(body) for body in raw]


class TestWhoMay:
    @pytest.mark.parametrize("path", ["/v1/audit", "/v1/audit/verification"])
    async def test_nobody_anonymous(self, gateway: "Harness", path: str) -> None:
        assert (await gateway.anonymous().get(path)).status_code == 401

    async def test_no_other_account(self, gateway: "Harness", account: UUID) -> None:
        await tell(gateway, account, PUBLISHED)
        assert await entries(gateway, new_id()) == []
        assert (await verification(gateway, new_id()))["checked"] == 0

    async def test_nobody_without_the_scope(self, gateway: "Harness", account: UUID) -> None:
        agent = gateway.client("tickets:read", account=account)
        assert (await agent.get("/v1/audit")).status_code == 403


class TestWhatIsRecorded:
    @pytest.mark.parametrize("kind", [ActorKind.HUMAN, ActorKind.PARTNER, ActorKind.RULE])
    async def test_what_people_programs_and_rules_did(self, gateway: "Harness", account: UUID, kind: ActorKind) -> None:
        actor = Actor(kind, "someone")
        (event,) = await tell(gateway, account, PUBLISHED, actor=actor)
        (entry,) = await entries(gateway, account)
        assert entry["actor"] == str(actor)
        assert entry["type"] == PUBLISHED.TYPE
        assert (entry["subject"], entry["event_id"]) == (str(event.subject), str(event.id))
        assert entry["evidence"] == hashlib.sha256(event.raw).hexdigest()

    @pytest.mark.parametrize("kind", [ActorKind.SYSTEM, ActorKind.BOT])
    async def test_not_what_followed_by_itself(self, gateway: "Harness", account: UUID, kind: ActorKind) -> None:
        await tell(gateway, account, PUBLISHED, actor=Actor(kind, "someone"))
        assert await entries(gateway, account) == []

    async def test_an_event_that_comes_twice_is_recorded_once(self, gateway: "Harness", account: UUID) -> None:
        raw = gateway.event(PUBLISHED, account=account, actor=PERSON)
        await gateway.deliver_raw([raw])
        await gateway.deliver_raw([raw])
        assert len(await entries(gateway, account)) == 1

    async def test_no_personal_data_that_could_not_be_erased(self, gateway: "Harness", account: UUID) -> None:
        await tell(gateway, account, CustomerCreated(customer_id=new_id(), profile=ANA))
        (entry,) = await entries(gateway, account)
        assert "ana" not in str(entry).lower().replace("human:0193-ada", "")

    async def test_signing_in_failing_to_and_signing_out(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        wrong = {"email": business.email, "password": "wrong"}
        await door.post("/v1/sessions", json=wrong)
        session = await door.post("/v1/sessions", json=wrong | {"password": business.password})
        await door.delete("/v1/sessions/current", headers={"X-CSRF-Token": session.json()["csrf_token"]})
        found = await entries(gateway, business.account_id)
        assert [entry["type"].rsplit(".", 1)[-1] for entry in found] == ["ended", "started", "refused"]
        assert {entry["actor"] for entry in found} == {f"human:{business.owner_id}"}

    async def test_a_changed_password(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id, actor=Actor(ActorKind.HUMAN, str(business.owner_id)))
        await client.patch(f"/v1/users/{business.owner_id}", json={"password": "a brand new password"})
        (entry,) = await entries(gateway, business.account_id, type="heed.gateway.password.changed")
        assert entry["subject"] == str(business.owner_id)


class TestFinding:
    async def test_by_actor_type_and_subject(self, gateway: "Harness", account: UUID) -> None:
        (event,) = await tell(gateway, account, PUBLISHED)
        await tell(
            gateway, account, CustomerCreated(customer_id=new_id(), profile=ANA), actor=Actor(ActorKind.RULE, "r")
        )
        by_actor = await entries(gateway, account, actor="rule:r")
        by_type = await entries(gateway, account, type=PUBLISHED.TYPE)
        by_subject = await entries(gateway, account, subject=str(event.subject))
        assert [entry["type"] for entry in by_actor] == [CustomerCreated.TYPE]
        assert by_type == by_subject == [entry for entry in by_type if entry["subject"] == str(event.subject)]
        assert len(by_type) == 1
        assert await entries(gateway, account, actor="rule:r", type=PUBLISHED.TYPE) == []

    async def test_by_time_with_its_start_and_without_its_end(self, gateway: "Harness", account: UUID) -> None:
        (event,) = await tell(gateway, account, PUBLISHED)
        at = event.time.isoformat()
        assert len(await entries(gateway, account, **{"from": at})) == 1
        assert await entries(gateway, account, to=at) == []

    @pytest.mark.parametrize("query", [{"from": "yesterday"}, {"to": "2026-01-01T00:00:00"}, {"cursor": "x"}])
    async def test_says_which_filter_is_not_acceptable(
        self, gateway: "Harness", account: UUID, query: dict[str, str]
    ) -> None:
        answer = await gateway.client(account=account).get("/v1/audit", params=query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"query:{next(iter(query))}"

    async def test_newest_first_page_by_page(self, gateway: "Harness", account: UUID) -> None:
        await tell(gateway, account, *[PUBLISHED] * 5)
        client = gateway.client(account=account)
        positions: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get("/v1/audit", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            positions += [entry["position"] for entry in page["data"]]
            cursor = page["next_cursor"]
        assert positions == [5, 4, 3, 2, 1]


class TestTheChain:
    async def test_holds_when_many_write_at_once(self, gateway: "Harness", account: UUID) -> None:
        async def write(number: int) -> None:
            async with gateway.work(account) as work:
                await trail.record(work, type="heed.gateway.test", subject=str(number))

        await asyncio.gather(*(write(number) for number in range(20)))
        proof = await verification(gateway, account)
        assert (proof["intact"], proof["checked"], proof["complete"]) == (True, 20, True)

    async def test_is_checked_in_parts(self, gateway: "Harness", account: UUID) -> None:
        await tell(gateway, account, *[PUBLISHED] * 5)
        first = await verification(gateway, account, limit=3)
        assert (first["intact"], first["verified_through"], first["complete"]) == (True, 3, False)
        rest = await verification(gateway, account, after=first["verified_through"])
        assert (rest["intact"], rest["verified_through"], rest["complete"]) == (True, 5, True)
        assert rest["head_hash"] == (await entries(gateway, account))[0]["hash"]

    @pytest.mark.parametrize(
        ("tampering", "broken_at"),
        [
            (
                "update gateway.audit_entries set actor = 'human:somebody-else' where account_id = $1 and position = 3",
                3,
            ),
            ("update gateway.audit_entries set details = '{\"a\": 1}' where account_id = $1 and position = 3", 3),
            ("update gateway.audit_entries set occurred_at = now() where account_id = $1 and position = 5", 5),
            ("delete from gateway.audit_entries where account_id = $1 and position = 2", 2),
            ("update gateway.audit_entries set position = 9 where account_id = $1 and position = 4", 4),
        ],
    )
    async def test_shows_what_even_the_administrator_changed(
        self, gateway: "Harness", databases: "Databases", account: UUID, tampering: str, broken_at: int
    ) -> None:
        await tell(gateway, account, *[PUBLISHED] * 5)
        connection = await asyncpg.connect(databases.url)
        await connection.execute(tampering, account)
        await connection.close()
        proof = await verification(gateway, account)
        assert (proof["intact"], proof["broken_at"]) == (False, broken_at)

    async def test_a_forged_entry_breaks_the_next_one_even_with_its_own_hash_made_anew(
        self, gateway: "Harness", databases: "Databases", account: UUID
    ) -> None:
        await tell(gateway, account, *[PUBLISHED] * 4)
        async with gateway.work(account) as work:
            third = await work.session.get_one(AuditEntry, (account, 3))
            work.session.expunge(third)
        third.actor = "human:somebody-else"
        forged = entry_hash(third, third.previous_hash)
        connection = await asyncpg.connect(databases.url)
        for column, value, position in (("actor", third.actor, 3), ("hash", forged, 3), ("previous_hash", forged, 4)):
            change = f"update gateway.audit_entries set {column} = $1 where account_id = $2 and position = $3"
            await connection.execute(change, value, account, position)
        await connection.close()
        proof = await verification(gateway, account)
        assert (proof["intact"], proof["broken_at"]) == (False, 4)

    @pytest.mark.parametrize(
        "statement",
        [
            "update gateway.audit_entries set actor = 'x'",
            "delete from gateway.audit_entries",
            "truncate gateway.audit_entries",
        ],
    )
    async def test_cannot_be_changed_by_the_service_itself(
        self, gateway: "Harness", account: UUID, statement: str
    ) -> None:
        await tell(gateway, account, PUBLISHED)
        with pytest.raises(DBAPIError, match="permission denied"):
            async with gateway.work(account) as work:
                await work.session.execute(text(statement))

    async def test_goes_on_after_a_write_that_was_rolled_back(self, gateway: "Harness", account: UUID) -> None:
        async def fail() -> None:
            async with gateway.work(account) as work:
                await trail.record(work, type="heed.gateway.test", subject="lost")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        await tell(gateway, account, PUBLISHED)
        assert [entry["position"] for entry in await entries(gateway, account)] == [1]
        assert (await verification(gateway, account))["intact"]
