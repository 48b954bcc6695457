"""Two records become one person, and two again."""

import asyncio
from uuid import UUID

import pytest

from shared.contracts.customers import (
    CustomerDeleted,
    CustomerIdentified,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.contracts.notifier import MessageSent
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.merges.people import add, identities, merge, read, sight, unmerge
from tests.customers.segments.building import attribute, segment

PHONE, OTHER_PHONE = "+351912345678", "+351912345679"


async def happen(customers: Harness, account: UUID, customer_id: str) -> None:
    """Something is said by the customer, which makes a history."""
    payload = MessageSent(
        message_id=new_id(),
        customer_id=UUID(customer_id),
        ticket_id=None,
        invitation_id=None,
        rule_id=None,
        channel="email",
        template="hello",
        subject="Hello",
        sent_at=customers.clock.now(),
    )
    await customers.deliver(payload, account=account, subject=new_id())


async def entries(customers: Harness, account: UUID, customer_id: str) -> int:
    answer = await customers.client(account=account).get(
        f"/v1/customers/{customer_id}/timeline", params={"kind": "message_sent"}
    )
    return len(answer.json()["data"])


class TestMergingByHand:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        for verb in ("merge", "unmerge"):
            path = f"/v1/customers/{new_id()}/{verb}"
            assert (await customers.anonymous().post(path, json={"customer_id": str(new_id())})).status_code == 401

    async def test_of_another_accounts_customer_finds_nobody(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        ana, theirs = await add(client, email="ana@example.com"), await add(other, email="ana@example.com")
        response = await client.post(f"/v1/customers/{ana}/merge", json={"customer_id": theirs})
        assert response.status_code == 404
        assert (await read(other, theirs))["version"] == 1

    async def test_keeps_the_older_record_whichever_is_named_first(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for one, other in ((0, 1), (1, 0)):
            pair = [await add(client, email=f"{new_id()}@example.com") for _ in range(2)]
            assert (await merge(client, pair[one], pair[other]))["customer_id"] == pair[0]

    async def test_keeps_the_record_with_a_history_though_it_is_younger(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        empty, lived = [await add(client, email=f"{name}@example.com") for name in ("empty", "lived")]
        await happen(customers, account, lived)
        assert (await merge(client, lived, empty))["customer_id"] == lived

    async def test_keeps_the_one_that_the_caller_wants_kept(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        old, new = [await add(client, email=f"{name}@example.com") for name in ("old", "new")]
        made = await merge(client, old, new, keep=new, reason="the old one is a typing error")
        assert (made["customer_id"], made["merged_customer_id"], made["automatic"]) == (new, old, False)

    async def test_fills_gaps_and_replaces_nothing(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, email="ana@example.com", name="Ana", attributes={"tier": "gold"})
        other = await add(
            client, email="a.n.a@example.com", phone=PHONE, name="A. N. A.", locale="pt", attributes={"tier": 1, "n": 2}
        )
        made = await merge(client, ana, other)
        assert made["taken"] == ["attributes", "locale", "phone"]
        record = await read(client, ana)
        assert (record["email"], record["phone"], record["name"]) == ("ana@example.com", PHONE, "Ana")
        assert record["attributes"] == {"tier": "gold", "n": 2}

    async def test_makes_both_ids_and_all_identities_lead_to_one(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, external_id="1", email="ana@example.com")
        other = await add(client, external_id="2", email="a.n.a@example.com")
        await merge(client, ana, other)
        assert (await read(client, other))["id"] == ana
        assert await add(client, email="a.n.a@example.com") == ana
        assert [item["id"] for item in (await client.get("/v1/customers")).json()["data"]] == [ana]
        found = await identities(client, other)
        assert {value: item["origin_customer_id"] for value, item in found.items()} == {
            "1": None,
            "2": other,
            "ana@example.com": None,
            "a.n.a@example.com": other,
        }

    async def test_lets_each_systems_own_key_go_on_without_quarrelling(self, customers: Harness, account: UUID) -> None:
        """Two shops keep sending their own view of one person; neither takes the other's identity away."""
        client = customers.client(account=account)
        ana = await add(client, external_id="shop-1", email="ana@example.com")
        other = await add(client, external_id="shop-2", email="a.n.a@example.com")
        await merge(client, ana, other)
        for _ in range(2):
            assert await add(client, external_id="shop-2", email="new@example.com", phone=PHONE) == ana
            assert await add(client, external_id="shop-1", email="ana@example.com") == ana
        record = await read(client, ana)
        assert (record["external_id"], record["email"], record["phone"]) == ("shop-1", "ana@example.com", PHONE)
        assert (await identities(client, ana))["new@example.com"]["origin_customer_id"] == other

    async def test_is_told_with_both_versions(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="ana@example.com"), await add(client, email="a.n.a@example.com", name="A")
        await merge(client, ana, other)
        [merged] = await customers.emitted(account, CustomerMerged)
        assert merged.data == CustomerMerged(
            customer_id=UUID(ana), merged_customer_id=UUID(other), merged_version=2, automatic=False
        )
        [updated] = await customers.emitted(account, CustomerUpdated)
        assert isinstance(updated.data, CustomerUpdated)
        assert (str(updated.subject), updated.data.profile.name, updated.aggregate_version) == (ana, "A", 2)

    async def test_of_a_record_with_itself_is_refused(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="ana@example.com"), await add(client, email="b@example.com")
        await merge(client, ana, other)
        for one, two in ((ana, ana), (ana, other), (other, ana)):
            response = await client.post(f"/v1/customers/{one}/merge", json={"customer_id": two})
            assert (response.status_code, response.json()["code"]) == (409, "same_customer")

    async def test_keeps_neither_of_the_two_for_nobodys_sake(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other, third = [await add(client, external_id=str(n)) for n in range(3)]
        for keep in (third, str(new_id())):
            wish = {"customer_id": other, "keep": keep}
            response = await client.post(f"/v1/customers/{ana}/merge", json=wish)
            assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/keep")
        assert (await read(client, other))["id"] == other

    async def test_at_the_same_time_in_both_directions_happens_once(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="ana@example.com"), await add(client, email="b@example.com")
        answers = await asyncio.gather(
            *(
                client.post(f"/v1/customers/{one}/merge", json={"customer_id": two})
                for one, two in [(ana, other), (other, ana)] * 4
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


class TestWhatHappensAfterAMerge:
    async def test_belongs_to_one_and_remembers_whose_identity_it_was(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="ana@example.com"), await add(client, email="a.n.a@example.com")
        await merge(client, ana, other)
        sighting = await sight(customers, account, email="a.n.a@example.com")
        [event] = await customers.emitted(account, CustomerIdentified)
        assert event.data == CustomerIdentified(
            customer_id=UUID(ana), sighting_id=sighting, origin_customer_id=UUID(other)
        )

    async def test_shows_in_one_timeline_and_goes_back_with_the_merge(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="ana@example.com"), await add(client, email="a.n.a@example.com")
        await happen(customers, account, other)
        await merge(client, ana, other, keep=ana)
        await happen(customers, account, other)
        await happen(customers, account, ana)
        assert await entries(customers, account, ana) == 3
        assert await entries(customers, account, other) == 3
        assert (await unmerge(client, ana, other)).status_code == 200
        assert await entries(customers, account, ana) == 1
        assert await entries(customers, account, other) == 2

    async def test_is_found_by_the_id_of_either_record(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1", attributes={"plan": "gold"}), await add(client, external_id="2")
        act = {"customer": {"external_id": "1"}, "kind": "visit"}
        assert (await client.post("/v1/activities", json=act)).status_code == 201
        said = {
            "purpose": "marketing",
            "channel": "email",
            "granted": True,
            "basis": "consent",
            "proof": {"source": "form"},
        }
        assert (await client.post(f"/v1/customers/{ana}/consents", json=said)).status_code == 201
        await segment(client, "Gold", attribute("plan", "gold"))
        await customers.run_timers()
        await merge(client, ana, other)
        for path in (
            "/v1/customers/{}/activity-totals",
            "/v1/activities?customer_id={}",
            "/v1/customers/{}/consents",
            "/v1/customers/{}/consents/current",
            "/v1/customers/{}/segments",
            "/v1/customers/{}/timeline",
            "/v1/customers/{}/identities",
            "/v1/customers/{}/merges",
            "/v1/customers/merge-suggestions?customer_id={}",
        ):
            kept, merged = [(await client.get(path.format(each))).json() for each in (ana, other)]
            for answer in (kept, merged):
                answer.pop("counted_at", None)
            assert kept == merged
            assert kept.get("count", 1) == 1
        belongs = (await client.get(f"/v1/customers/{other}/segments")).json()["data"]
        assert [each["name"] for each in belongs] == ["Gold"]
        assert len((await client.get("/v1/activities", params={"customer_id": other})).json()["data"]) == 1

    async def test_deleting_the_person_deletes_all_their_records(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        people = [await add(client, email=f"{n}@example.com", name="Ana") for n in range(3)]
        await merge(client, people[1], people[2])
        await merge(client, people[0], people[1])
        assert (await client.delete(f"/v1/customers/{people[2]}")).status_code == 204
        deleted = await customers.emitted(account, CustomerDeleted)
        assert {str(event.subject) for event in deleted} == set(people)
        for one in people:
            assert (await client.get(f"/v1/customers/{one}")).status_code == 404
        assert (await client.post("/v1/customers", json={"email": "2@example.com"})).status_code == 201
        async with customers.work(account) as work:
            from sqlalchemy import text

            left = await work.session.scalar(text("select count(*) from customers.merges"))
        assert left == 0


class TestTakingAMergeBack:
    async def test_gives_back_fields_identities_and_what_was_learnt_since(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        ana = await add(client, external_id="1", name="Ana")
        other = await add(client, external_id="2", email="b@example.com", locale="pt", attributes={"n": 1})
        before = await read(client, other)
        await merge(client, ana, other)
        await add(client, external_id="2", phone=PHONE)
        assert (await read(client, ana))["phone"] == PHONE
        response = await unmerge(client, ana, other)
        assert response.status_code == 200
        assert response.json()["unmerged_at"] is not None
        kept, restored = await read(client, ana), await read(client, other)
        assert (kept["email"], kept["phone"], kept["locale"], kept["attributes"]) == (None, None, None, {})
        assert kept["name"] == "Ana"
        changed = {"phone": PHONE, "version": restored["version"], "updated_at": restored["updated_at"]}
        assert restored == before | changed

    async def test_gives_back_what_the_others_system_told_since(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, external_id="1", name="Ana", attributes={"n": 1, "own": True})
        other = await add(client, external_id="2", locale="pt")
        await merge(client, ana, other, keep=ana)
        told = {"name": "Anna", "company": "Acme", "attributes": {"n": 2, "tier": "gold"}}
        await add(client, external_id="2", **told | {"name": "A"})
        await add(client, external_id="2", **told)
        kept = await read(client, ana)
        assert (kept["name"], kept["company"], kept["locale"]) == ("Anna", "Acme", "pt")
        assert (await unmerge(client, ana, other)).status_code == 200
        kept, restored = await read(client, ana), await read(client, other)
        names = ("name", "company", "locale", "attributes")
        assert [kept[name] for name in names] == ["Ana", None, None, {"n": 1, "own": True}]
        assert kept["company_id"] is None
        assert [restored[name] for name in names] == ["Anna", "Acme", "pt", {"n": 2, "tier": "gold"}]
        found = (await client.get("/v1/customers", params={"search": "anna"})).json()["data"]
        assert [each["id"] for each in found] == [other]

    async def test_gives_back_what_was_told_down_a_chain(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first, second, third = [await add(client, external_id=str(n), name=f"Ana {n}") for n in range(3)]
        await merge(client, second, third, keep=second)
        await merge(client, first, second, keep=first)
        await add(client, external_id="2", name="Carla")
        assert (await unmerge(client, first, second)).status_code == 200
        assert [(await read(client, each))["name"] for each in (first, second)] == ["Ana 0", "Carla"]
        assert (await unmerge(client, second, third)).status_code == 200
        assert [(await read(client, each))["name"] for each in (second, third)] == ["Ana 1", "Carla"]

    async def test_leaves_what_was_changed_since_with_the_kept_record(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, external_id="2", name="Ana", locale="pt")
        await merge(client, ana, other)
        await client.patch(f"/v1/customers/{ana}", json={"name": "Ana Sousa"})
        await unmerge(client, ana, other)
        kept = await read(client, ana)
        assert (kept["name"], kept["locale"]) == ("Ana Sousa", None)

    async def test_is_told_with_the_version_of_the_restored_record(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, external_id="2")
        await merge(client, ana, other)
        await unmerge(client, ana, other)
        [event] = await customers.emitted(account, CustomerUnmerged)
        assert event.data == CustomerUnmerged(
            customer_id=UUID(ana), restored_customer_id=UUID(other), restored_version=3
        )
        told = {str(e.subject): e.aggregate_version for e in await customers.emitted(account, CustomerUpdated)}
        assert told == {ana: 3, other: 3}

    async def test_of_one_in_a_chain_leaves_the_others_merged(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first = await add(client, external_id="1")
        second = await add(client, external_id="2")
        third = await add(client, external_id="3", phone=PHONE, name="Third")
        await merge(client, second, third)
        await merge(client, first, second)
        assert (await read(client, first))["phone"] == PHONE
        assert (await unmerge(client, first, third)).status_code == 200
        assert (await read(client, second))["id"] == first
        assert (await read(client, third))["phone"] == PHONE
        kept = await read(client, first)
        assert (kept["phone"], kept["name"]) == (None, None)
        assert (await unmerge(client, first, second)).status_code == 200
        assert (await read(client, second))["phone"] is None

    async def test_and_merging_again_is_possible(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, external_id="2")
        for _ in range(2):
            await merge(client, ana, other)
            assert (await unmerge(client, ana, other)).status_code == 200
        history = (await client.get(f"/v1/customers/{ana}/merges")).json()["data"]
        assert len(history) == 2

    @pytest.mark.parametrize("which", ["never merged", "given back", "nobody"])
    async def test_that_is_none_is_refused(self, customers: Harness, account: UUID, which: str) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, external_id="2")
        if which == "given back":
            await merge(client, ana, other)
            await unmerge(client, ana, other)
        response = await unmerge(client, ana, str(new_id()) if which == "nobody" else other)
        assert (response.status_code, response.json()["code"]) == (409, "not_merged")
