"""The way of a request through the services, as the gateway keeps it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from shared.contracts.customers import CustomersPartDone
from shared.contracts.gateway import SubjectRequestDue, SubjectRequestFinished, SubjectRequestOpened
from shared.contracts.subjects import SubjectPart, SurveyPartDone
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.system.making import made
from tests.system.resources import finish

PATH = "/v1/subject-requests"


async def asked(gateway: Harness, account: UUID, kind: str = "export", **more: Any) -> dict[str, Any]:
    return await made(
        gateway.client(account=account), PATH, {"kind": kind, "customer_id": str(new_id()), **more}, status=202
    )


async def read(gateway: Harness, account: UUID, request: dict[str, Any]) -> dict[str, Any]:
    answer = await gateway.client(account=account).get(f"{PATH}/{request['id']}")
    found: dict[str, Any] = answer.json()
    return found


def part(request: dict[str, Any], stage: str, *, refused: str | None = None) -> SubjectPart:
    values = {"request_id": request["id"], "stage": stage, "outcome": "refused" if refused else "done"}
    return SubjectPart.model_validate(values | {"reason": refused, "records": (), "digest": None})


async def locate(gateway: Harness, account: UUID, request: dict[str, Any], refused: str | None = None) -> None:
    customer_id = UUID(request["customer_id"])
    located = CustomersPartDone(
        part=part(request, "locate", refused=refused),
        customer_id=customer_id,
        customer_ids=() if refused else (customer_id, new_id()),
        customer_version=None if refused else 4,
    )
    await gateway.deliver(located, account=account, subject=UUID(request["id"]))


async def opened(gateway: Harness, account: UUID) -> list[SubjectRequestOpened]:
    events = await gateway.emitted(account, SubjectRequestOpened)
    return [event.data for event in events if isinstance(event.data, SubjectRequestOpened)]


class TestARequest:
    async def test_needs_a_credential(self, gateway: Harness) -> None:
        assert (await gateway.anonymous().post(PATH, json={})).status_code == 401

    async def test_of_another_account_is_not_there(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        stranger = gateway.client(account=new_id())
        for path in ("", "/receipt", "/bundle"):
            assert (await stranger.get(f"{PATH}/{request['id']}{path}")).status_code == 404

    async def test_needs_the_scope_to_write(self, gateway: Harness, account: UUID) -> None:
        reader = gateway.client("subjects:read", "customers:write", account=account)
        body = {"kind": "export", "customer_id": str(new_id())}
        assert (await reader.post(PATH, json=body)).status_code == 403

    async def test_has_a_mode_only_if_it_is_an_erasure(self, gateway: Harness, account: UUID) -> None:
        body = {"kind": "export", "mode": "delete", "customer_id": str(new_id())}
        answer = await gateway.client(account=account).post(PATH, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/mode")

    async def test_asks_customers_first_who_it_is_and_then_everybody(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account, "erase")
        await locate(gateway, account, request)
        first, second = await opened(gateway, account)
        assert (first.stage, first.services, first.customer_ids) == ("locate", ("customers",), ())
        assert (second.stage, second.mode, len(second.customer_ids)) == ("act", "delete", 2)
        assert second.services == ("customers", "survey", "tickets", "metrics", "notifier")

    async def test_for_the_same_is_made_once(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        body = {"kind": "export", "customer_id": request["customer_id"]}
        answer = await gateway.client(account=account).post(PATH, json=body)
        assert (answer.status_code, request["id"] in answer.json()["detail"]) == (409, True)

    async def test_about_nobody_is_refused_with_a_receipt_that_says_so(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await locate(gateway, account, request, refused="no customer has this id")
        assert (await read(gateway, account, request))["state"] == "refused"
        receipt = await gateway.client(account=account).get(f"{PATH}/{request['id']}/receipt")
        assert receipt.json()["statement"]["reason"] == "no customer has this id"

    async def test_hears_an_answer_once(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await finish(gateway, account, UUID(request["id"]), UUID(request["customer_id"]))
        before = await read(gateway, account, request)
        await gateway.deliver(SurveyPartDone(part=part(request, "act")), account=account)
        assert await read(gateway, account, request) == before
        assert len(await gateway.emitted(account, SubjectRequestFinished)) == 1

    async def test_takes_no_answer_of_another_account(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await finish(gateway, new_id(), UUID(request["id"]), UUID(request["customer_id"]))
        assert (await read(gateway, account, request))["state"] == "open"


class TestASilentService:
    async def test_is_asked_again_and_nobody_else_is(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await locate(gateway, account, request)
        await gateway.deliver(SurveyPartDone(part=part(request, "act")), account=account)
        gateway.clock.advance(timedelta(minutes=2))
        await gateway.run_timers()
        last = (await opened(gateway, account))[-1]
        assert (last.attempt, last.services) == (2, ("customers", "metrics", "notifier", "tickets"))

    async def test_is_named_before_the_legal_time_is_over_and_when_it_is(self, gateway: Harness, account: UUID) -> None:
        await asked(gateway, account)
        for days in (22, 8):
            gateway.clock.advance(timedelta(days=days))
            await gateway.run_timers()
        due = [event.data for event in await gateway.emitted(account, SubjectRequestDue)]
        told = [(one.waiting_for, one.overdue) for one in due if isinstance(one, SubjectRequestDue)]
        assert told == [(("customers",), False), (("customers",), True)]


class TestAReceipt:
    async def test_is_verified_with_the_public_key_alone(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await finish(gateway, account, UUID(request["id"]), UUID(request["customer_id"]))
        answer = (await gateway.client(account=account).get(f"{PATH}/{request['id']}/receipt")).json()
        keys = KeySet.import_key_set((await gateway.anonymous().get(f"{PATH}/keys")).json())
        signed = jws.deserialize_compact(answer["receipt"], keys, algorithms=["Ed25519"])
        assert request["id"].encode() in signed.payload
        assert "d" not in keys.as_dict()["keys"][0]
        head, payload, signature = answer["receipt"].split(".")
        with pytest.raises(BadSignatureError):
            jws.deserialize_compact(f"{head}.{payload[:-4]}AAAA.{signature}", keys, algorithms=["Ed25519"])

    async def test_opens_nothing(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        await finish(gateway, account, UUID(request["id"]), UUID(request["customer_id"]))
        receipt = (await gateway.client(account=account).get(f"{PATH}/{request['id']}/receipt")).json()["receipt"]
        headers = {"Authorization": f"Bearer {receipt}"}
        assert (await gateway.anonymous().get(PATH, headers=headers)).status_code == 401

    async def test_is_not_there_before_the_end(self, gateway: Harness, account: UUID) -> None:
        request = await asked(gateway, account)
        answer = await gateway.client(account=account).get(f"{PATH}/{request['id']}/receipt")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")


class TestABundle:
    async def test_is_not_there_before_the_end_nor_of_what_was_no_export(self, gateway: Harness, account: UUID) -> None:
        client = gateway.client(account=account)
        request = await asked(gateway, account)
        assert (await client.get(f"{PATH}/{request['id']}/bundle")).status_code == 409
        other = await asked(gateway, account, "restrict")
        await locate(gateway, account, other, refused="no customer has this id")
        assert (await client.get(f"{PATH}/{other['id']}/bundle")).status_code == 410
