"""What a shop's platform asks for on behalf of customers."""

from uuid import UUID

from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.hearing import PrivacyMatched
from shared.ids import new_id
from shared.testing.harness import Harness


async def test_opens_one_request_for_each_customer(gateway: Harness, account: UUID) -> None:
    ids = (new_id(), new_id())
    for _ in range(2):
        matched = PrivacyMatched(request_id=new_id(), source="shopify", request="erase", customer_ids=ids)
        await gateway.deliver(matched, account=account)
    events = [event.data for event in await gateway.emitted(account, SubjectRequestOpened)]
    told = [event for event in events if isinstance(event, SubjectRequestOpened)]
    assert [(each.customer_id, each.kind, each.mode) for each in told] == [(each, "erase", "delete") for each in ids]
