"""Adding, finding, changing and deleting customers."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.customers.records import service
from services.customers.records.errors import CustomerNotFound
from shared.contracts.customers import CustomerCreated, CustomerDeleted, CustomerUpdated
from shared.contracts.survey import CustomerReference, CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness

ANA = {"external_id": "crm-17", "email": "ana@example.com", "phone": "+351912345678", "name": "Ana Sousa"}


async def put(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/v1/customers", json=fields)
    assert response.status_code in (200, 201), response.text
    answer: dict[str, Any] = response.json()
    return answer


class TestAddingACustomer:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post("/v1/customers", json=ANA)).status_code == 401

    async def test_in_one_account_leaves_the_other_empty(self, customers: Harness, account: UUID) -> None:
        await put(customers.client(account=account), **ANA)
        other = customers.client(account=new_id())
        assert (await other.get("/v1/customers")).json()["data"] == []
        assert (await other.post("/v1/customers", json=ANA)).status_code == 201

    async def test_needs_the_scope_to_write(self, customers: Harness, account: UUID) -> None:
        reader = customers.client("customers:read", account=account)
        assert (await reader.post("/v1/customers", json=ANA)).status_code == 403

    async def test_answers_201_with_the_whole_record(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        response = await client.post(
            "/v1/customers",
            json={"email": "Ana@Example.com", "phone": "+351 912 345 678", "attributes": {"tier": "gold", "orders": 3}},
        )
        assert response.status_code == 201
        assert response.headers["etag"] == '"1"'
        answer = response.json()
        assert (answer["email"], answer["phone"]) == ("ana@example.com", "+351912345678")
        assert answer["attributes"] == {"tier": "gold", "orders": 3}
        assert answer["external_id"] is None
        assert (await client.get(f"/v1/customers/{answer['id']}")).json() == answer

    async def test_tells_the_others_the_whole_profile(self, customers: Harness, account: UUID) -> None:
        answer = await put(customers.client(account=account), **ANA, locale="pt", timezone="Europe/Lisbon")
        [event] = await customers.emitted(account)
        assert isinstance(event.data, CustomerCreated)
        assert str(event.subject) == answer["id"]
        assert event.aggregate_version == 1
        assert event.data.profile.model_dump() == {
            **ANA,
            "locale": "pt",
            "timezone": "Europe/Lisbon",
            "company": None,
            "company_id": None,
            "preferred_channel": None,
            "attributes": {},
            "restricted": False,
        }

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"name": "Nobody"}, ""),
            ({"email": None}, ""),
            ({"email": "not an address"}, "/email"),
            ({"phone": "12"}, "/phone"),
            ({"external_id": " "}, "/external_id"),
            ({"email": "a@example.com", "locale": "!"}, "/locale"),
            ({"email": "a@example.com", "timezone": "Mars/Base"}, "/timezone"),
            ({"email": "a@example.com", "timezone": "../../etc/passwd"}, "/timezone"),
            ({"email": "a@example.com", "nmae": "Ana"}, "/nmae"),
            ({"email": "a@example.com", "name": "A\x00"}, ""),
            ({"email": "a@example.com", "attributes": {"a": {"deep": 1}}}, "/attributes/a"),
            ({"email": "a@example.com", "attributes": {"a": 2**60}}, "/attributes/a"),
            ({"email": "a@example.com", "attributes": {"a": "x" * 1001}}, "/attributes/a"),
            ({"email": "a@example.com", "attributes": {"no blanks": 1}}, "/attributes/no blanks"),
            ({"email": "a@example.com", "attributes": {f"a{i}": i for i in range(51)}}, "/attributes"),
        ],
    )
    async def test_with_a_bad_field_names_it_and_stores_nothing(
        self, customers: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        client = customers.client(account=account)
        response = await client.post("/v1/customers", json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"].startswith(pointer)
        assert (await client.get("/v1/customers")).json()["data"] == []

    @pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
    async def test_with_a_number_that_is_none_is_refused(self, customers: Harness, account: UUID, number: str) -> None:
        body = f'{{"email": "a@example.com", "attributes": {{"a": {number}}}}}'
        headers = {"content-type": "application/json"}
        response = await customers.client(account=account).post("/v1/customers", content=body, headers=headers)
        assert response.status_code in (400, 422)

    async def test_twice_with_one_idempotency_key_answers_the_same(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        headers = {"Idempotency-Key": "add-ana"}
        answers = [await client.post("/v1/customers", json=ANA, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()


class TestNames:
    @pytest.mark.parametrize("written", ["Ana\nSousa", " Ana \r\n Sousa\n", "Ana\tSousa", "Ana\u2028Sousa"])
    async def test_are_one_line(self, customers: Harness, account: UUID, written: str) -> None:
        client = customers.client(account=account)
        answer = await put(client, **ANA, company=written)
        changed = await client.patch(f"/v1/customers/{answer['id']}", json={"name": written})
        assert (changed.json()["name"], changed.json()["company"]) == ("Ana Sousa", "Ana Sousa")

    async def test_are_one_line_as_answers_give_them(self, customers: Harness, account: UUID) -> None:
        sighting_id = new_id()
        named = CustomerReference(email="bo@example.com", name="Bo\nSilva")
        sighted = CustomerSighted(sighting_id=sighting_id, customer=named)
        await customers.deliver(sighted, account=account, subject=sighting_id)
        [found] = (await customers.client(account=account).get("/v1/customers")).json()["data"]
        assert found["name"] == "Bo Silva"


class TestAddingAKnownCustomer:
    @pytest.mark.parametrize("kind", ["external_id", "email", "phone"])
    async def test_by_any_identity_changes_the_one_there_is(self, customers: Harness, account: UUID, kind: str) -> None:
        client = customers.client(account=account)
        known = await put(client, **ANA)
        response = await client.post("/v1/customers", json={kind: ANA[kind], "preferred_channel": "sms"})
        assert response.status_code == 200
        assert response.json() == known | {"preferred_channel": "sms", "version": 2}

    async def test_keeps_what_is_left_out_and_merges_attributes(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await put(client, email="a@example.com", name="Ana", attributes={"a": 1, "b": 2})
        answer = await put(client, email="a@example.com", attributes={"b": None, "c": 3})
        assert answer["name"] == "Ana"
        assert answer["attributes"] == {"a": 1, "c": 3}

    async def test_without_any_difference_is_no_new_version_and_no_event(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        await put(client, **ANA, attributes={"a": 1})
        assert (await put(client, **ANA, attributes={"a": 1, "b": None}))["version"] == 1
        assert len(await customers.emitted(account)) == 1

    async def test_tells_true_from_1(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await put(client, email="a@example.com", attributes={"vip": 1})
        answer = await put(client, email="a@example.com", attributes={"vip": True})
        assert answer["attributes"]["vip"] is True
        assert answer["version"] == 2

    async def test_adds_an_identity_that_was_missing(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        known = await put(client, email="a@example.com")
        await put(client, email="a@example.com", external_id="crm-1")
        assert (await put(client, external_id="crm-1"))["id"] == known["id"]

    async def test_with_a_new_email_leaves_the_old_one_to_others(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, external_id="crm-1", email="old@example.com")
        await put(client, external_id="crm-1", email="new@example.com")
        somebody = await put(client, email="old@example.com")
        assert somebody["id"] != ana["id"]

    async def test_tells_the_others_with_the_new_version(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await put(client, **ANA)
        await put(client, email=ANA["email"], name="Ana S.")
        [event] = await customers.emitted(account, CustomerUpdated)
        assert isinstance(event.data, CustomerUpdated)
        assert event.data.profile.name == "Ana S."
        assert event.data.profile.external_id == "crm-17"
        assert event.aggregate_version == 2


class TestConflictingIdentities:
    async def test_of_two_customers_are_refused_naming_both_fields(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com")
        ben = await put(client, external_id="crm-2")
        response = await client.post("/v1/customers", json={"email": "ana@example.com", "external_id": "crm-2"})
        assert response.status_code == 409
        problem = response.json()
        assert problem["code"] == "identity_conflict"
        assert {error["pointer"]: ana["id"] in error["detail"] for error in problem["errors"]} == {
            "/email": True,
            "/external_id": False,
        }
        assert (await client.get(f"/v1/customers/{ben['id']}")).json() == ben

    @pytest.mark.parametrize(
        ("known", "stated"),
        [
            ({"external_id": "crm-1", "email": "a@example.com"}, {"external_id": "crm-2", "email": "a@example.com"}),
            ({"external_id": "crm-1", "phone": "+351912345678"}, {"external_id": "crm-2", "phone": "+351912345678"}),
            (
                {"email": "a@example.com", "phone": "+351912345678"},
                {"email": "b@example.com", "phone": "+351912345678"},
            ),
        ],
    )
    async def test_a_weaker_match_never_overrules_a_stronger_identity(
        self, customers: Harness, account: UUID, known: dict[str, str], stated: dict[str, str]
    ) -> None:
        client = customers.client(account=account)
        before = await put(client, **known)
        response = await client.post("/v1/customers", json=stated)
        assert response.status_code == 409
        assert {error["pointer"] for error in response.json()["errors"]} == {f"/{kind}" for kind in stated}
        assert (await client.get(f"/v1/customers/{before['id']}")).json() == before

    async def test_are_found_by_a_change_too(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com")
        await put(client, email="ben@example.com")
        response = await client.patch(f"/v1/customers/{ana['id']}", json={"email": "ben@example.com"})
        assert response.status_code == 409
        assert response.json()["errors"][0]["pointer"] == "/email"


class TestChangingACustomer:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().patch(f"/v1/customers/{new_id()}", json={})).status_code == 401

    async def test_of_another_account_finds_nobody(self, customers: Harness, account: UUID) -> None:
        ana = await put(customers.client(account=account), **ANA)
        other = customers.client(account=new_id())
        assert (await other.patch(f"/v1/customers/{ana['id']}", json={"name": "Eve"})).status_code == 404

    async def test_sets_what_is_sent_and_clears_what_is_null(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA, locale="pt")
        response = await client.patch(f"/v1/customers/{ana['id']}", json={"locale": None, "name": "Ana S."})
        assert response.status_code == 200
        assert response.headers["etag"] == '"2"'
        assert response.json() == ana | {"locale": None, "name": "Ana S.", "version": 2}

    async def test_of_a_version_that_is_gone_is_refused(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        path, headers = f"/v1/customers/{ana['id']}", {"If-Match": '"1"'}
        assert (await client.patch(path, json={"name": "First"}, headers=headers)).status_code == 200
        assert (await client.patch(path, json={"name": "Second"}, headers=headers)).status_code == 412
        assert (await client.get(path)).json()["name"] == "First"

    async def test_cannot_take_the_last_identity(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com")
        response = await client.patch(f"/v1/customers/{ana['id']}", json={"email": None})
        assert response.status_code == 422
        assert (await client.get(f"/v1/customers/{ana['id']}")).json() == ana

    async def test_cannot_add_attributes_without_end(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com", attributes={f"a{i}": i for i in range(50)})
        response = await client.patch(f"/v1/customers/{ana['id']}", json={"attributes": {"one_more": 1}})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/attributes"

    async def test_frees_an_identity_for_another_customer(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com", external_id="crm-1")
        assert (await client.patch(f"/v1/customers/{ana['id']}", json={"email": None})).status_code == 200
        assert (await put(client, email="ana@example.com"))["id"] != ana["id"]


class TestReadingACustomer:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(f"/v1/customers/{new_id()}")).status_code == 401

    async def test_of_another_account_finds_nobody(self, customers: Harness, account: UUID) -> None:
        ana = await put(customers.client(account=account), **ANA)
        assert (await customers.client(account=new_id()).get(f"/v1/customers/{ana['id']}")).status_code == 404

    async def test_that_is_not_there_finds_nobody(self, customers: Harness, account: UUID) -> None:
        assert (await customers.client(account=account).get(f"/v1/customers/{new_id()}")).status_code == 404


class TestIdentities:
    async def test_need_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(f"/v1/customers/{new_id()}/identities")).status_code == 401

    async def test_of_another_account_are_not_there(self, customers: Harness, account: UUID) -> None:
        ana = await put(customers.client(account=account), **ANA)
        other = customers.client(account=new_id())
        assert (await other.get(f"/v1/customers/{ana['id']}/identities")).status_code == 404

    async def test_are_the_present_ones_in_their_normal_form(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, external_id="crm-17", email="Old@example.com", phone="+351 912 345 678")
        await put(client, external_id="crm-17", email="ANA@example.com")
        found = (await client.get(f"/v1/customers/{ana['id']}/identities")).json()["data"]
        assert [(item["kind"], item["value"]) for item in found] == [
            ("email", "ana@example.com"),
            ("external_id", "crm-17"),
            ("phone", "+351912345678"),
        ]


class TestDeletingACustomer:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().delete(f"/v1/customers/{new_id()}")).status_code == 401

    async def test_of_another_account_finds_nobody(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        assert (await customers.client(account=new_id()).delete(f"/v1/customers/{ana['id']}")).status_code == 404
        assert (await client.get(f"/v1/customers/{ana['id']}")).status_code == 200

    async def test_leaves_nobody_to_find_and_the_identities_free(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        path = f"/v1/customers/{ana['id']}"
        assert (await client.delete(path)).status_code == 204
        for gone in (path, f"{path}/timeline", f"{path}/identities"):
            assert (await client.get(gone)).status_code == 404
        assert (await client.delete(path)).status_code == 404
        assert (await client.patch(path, json={"name": "Ana"})).status_code == 404
        assert (await client.get("/v1/customers")).json()["data"] == []
        again = await client.post("/v1/customers", json=ANA)
        assert again.status_code == 201
        assert again.json()["id"] != ana["id"]

    async def test_keeps_no_personal_data_in_the_row_that_stays(self, customers: Harness, account: UUID) -> None:
        from services.customers.records.models import Customer

        client = customers.client(account=account)
        ana = await put(client, **ANA, attributes={"tier": "gold"})
        await client.delete(f"/v1/customers/{ana['id']}")
        async with customers.work(account) as work:
            row = await work.session.get_one(Customer, UUID(ana["id"]))
        assert {row.external_id, row.email, row.phone, row.name, row.name_key, row.company} == {None}
        assert row.attributes == {}

    async def test_tells_the_others_with_the_highest_version(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        await client.delete(f"/v1/customers/{ana['id']}", headers={"If-Match": '"1"'})
        [event] = await customers.emitted(account, CustomerDeleted)
        assert str(event.subject) == ana["id"]
        assert event.aggregate_version == 2

    async def test_of_a_version_that_is_gone_is_refused(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        response = await client.delete(f"/v1/customers/{ana['id']}", headers={"If-Match": '"7"'})
        assert response.status_code == 412
        assert (await client.get(f"/v1/customers/{ana['id']}")).status_code == 200


class TestPreferredChannel:
    async def test_is_kept_and_told(self, customers: Harness, account: UUID) -> None:
        answer = await put(customers.client(account=account), **ANA, preferred_channel="sms")
        assert answer["preferred_channel"] == "sms"
        [event] = await customers.emitted(account, CustomerCreated)
        assert isinstance(event.data, CustomerCreated)
        assert event.data.profile.preferred_channel == "sms"

    async def test_that_does_not_exist_is_refused(self, customers: Harness, account: UUID) -> None:
        body = ANA | {"preferred_channel": "pigeon"}
        response = await customers.client(account=account).post("/v1/customers", json=body)
        assert response.json()["errors"][0]["pointer"] == "/preferred_channel"


class TestRestriction:
    async def test_is_told_once_and_can_be_ended(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, **ANA)
        for on in (True, True, False):
            async with customers.work(account) as work:
                await service.restrict(work, UUID(ana["id"]), on=on)
            assert (await client.get(f"/v1/customers/{ana['id']}")).json()["restricted"] is on
        told = [event.data.profile.restricted for event in await customers.emitted(account, CustomerUpdated)]  # type: ignore[attr-defined]
        assert told == [True, False]

    async def test_of_another_accounts_customer_finds_nobody(self, customers: Harness, account: UUID) -> None:
        ana = await put(customers.client(account=account), **ANA)
        with pytest.raises(CustomerNotFound):
            async with customers.work(new_id()) as work:
                await service.restrict(work, UUID(ana["id"]), on=True)
