"""With a customer goes what was sent about them; that it came stays known.

Seen to fail: without the holding, and with the row deleted instead of emptied.
"""

from uuid import UUID

from services.survey.subjects.part import HOLDINGS
from shared.contracts.customers import CustomerCreated
from shared.ids import new_id
from shared.subjects.holdings import erase
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.survey.sources.toy import connected, read_all, review, send


async def test_what_names_a_customer_is_erased_with_them(survey: Harness, account: UUID) -> None:
    client, customer_id = survey.client(account=account), new_id()
    ana = CustomerCreated(customer_id=customer_id, profile=profile_of(email="ana@example.com"))
    await survey.deliver(ana, account=account, subject=customer_id)
    source = await connected(client)
    about_ana, about_bea = review(text="Write to ana@example.com"), review(text="Write to bea@example.com")
    for body in (about_ana, about_bea):
        await send(survey, source, body)
    await read_all(survey, account)
    async with survey.work(account) as work:
        counts = await erase(work, HOLDINGS, [customer_id], "delete", new_id())
        again = await erase(work, HOLDINGS, [customer_id], "delete", new_id())
    assert [(each.kind, each.count) for each in counts if each.kind == "deliveries"] == [("deliveries", 1)]
    assert [each for each in again if each.kind == "deliveries"] == []
    path = f"/v1/sources/{source['id']}/deliveries"
    kept = (await client.get(path)).json()["data"]
    assert sorted(each["state"] for each in kept) == ["erased", "read"]
    erased = next(each["id"] for each in kept if each["state"] == "erased")
    shown = (await client.get(f"{path}/{erased}")).json()
    assert (shown["body"], shown["headers"]) == ("", [])
    assert (await client.post(f"{path}/{erased}/retry")).status_code == 409
    assert (await send(survey, source, about_ana)).status_code == 200
    assert len((await client.get(path)).json()["data"]) == 2
