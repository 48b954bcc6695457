"""Customers come and change; the newest version is kept, whatever the order of arrival."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from services.notifier.consents import service as consents
from services.notifier.contacts.models import Contact
from services.notifier.db import MERGED_CUSTOMERS
from services.notifier.messages import service as messages
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.work import Work

_PROFILE = ("email", "phone", "name", "locale", "timezone", "restricted")


async def remember(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Upsert by version; of several events of one customer in a batch only the newest counts."""
    newest: dict[object, dict[str, object]] = {}
    for event in sorted(events, key=lambda event: event.aggregate_version):
        data = event.data
        assert isinstance(data, CustomerCreated | CustomerUpdated)
        newest[data.customer_id] = {
            "account_id": work.account_id,
            "customer_id": data.customer_id,
            "version": event.aggregate_version,
            **data.profile.model_dump(include=set(_PROFILE)),
        }
    if not newest:
        return
    statement = insert(Contact)
    given = statement.excluded
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "customer_id"],
            set_={name: given[name] for name in ("version", *_PROFILE)},
            where=Contact.version < given.version,
        ),
        list(newest.values()),
    )


async def forget(work: Work, event: Event[CustomerDeleted]) -> None:
    """What remains is an empty row with the version, so that a late event does not bring the customer back."""
    emptied = dict.fromkeys(_PROFILE) | {"restricted": False, "forgotten": True}
    statement = insert(Contact).values(
        account_id=work.account_id,
        customer_id=event.data.customer_id,
        version=event.aggregate_version,
        **emptied,
    )
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "customer_id"],
            set_={"version": event.aggregate_version, **emptied},
            where=Contact.version < event.aggregate_version,
        )
    )
    await messages.forget_customer(work, event.data.customer_id)
    await consents.forget(work, event.data.customer_id)


async def merge(work: Work, event: Event[CustomerMerged]) -> None:
    """What is whose follows; see `MERGED_CUSTOMERS`."""
    merged = event.data
    await MERGED_CUSTOMERS.point(work, merged.merged_customer_id, merged.customer_id, version=merged.merged_version)


async def unmerge(work: Work, event: Event[CustomerUnmerged]) -> None:
    """What came under the restored customer's identities goes back, whenever it came."""
    restored = event.data
    await MERGED_CUSTOMERS.point(work, restored.restored_customer_id, None, version=restored.restored_version)
