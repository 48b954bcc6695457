"""Activities as the customers service would tell of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.activities import (
    ActivityAmount,
    ActivityCorrected,
    ActivityDeleted,
    ActivityKind,
    ActivityRecorded,
)
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON


def activity(
    customer_id: UUID,
    at: datetime = NOON,
    *,
    kind: ActivityKind = "purchase",
    amount: str | None = None,
    currency: str = "EUR",
    **changes: Any,
) -> ActivityRecorded:
    """A purchase without a price in the shop, unless said otherwise."""
    values: dict[str, Any] = {
        "activity_id": new_id(),
        "customer_id": customer_id,
        "origin_customer_id": customer_id,
        "kind": kind,
        "name": None,
        "occurred_at": at,
        "received_at": at,
        "amount": None if amount is None else ActivityAmount(amount=Decimal(amount), currency=currency),
        "touchpoint": None,
        "properties": {},
        "source": "shop",
        "source_id": "order-1",
    }
    return ActivityRecorded(**values | changes)


def corrected(told: ActivityRecorded, **changes: Any) -> ActivityCorrected:
    return ActivityCorrected(**dict(told) | changes)


def deleted(told: ActivityRecorded) -> ActivityDeleted:
    return ActivityDeleted(**{name: getattr(told, name) for name in ActivityDeleted.model_fields})


Told = ActivityRecorded | ActivityCorrected | ActivityDeleted


async def tell(metrics: Harness, account: UUID, told: Sequence[Told], *, version: int = 1) -> None:
    """All at once, as they travel."""
    await metrics.deliver_raw([raw(metrics, account, each, version=version) for each in told])


def raw(metrics: Harness, account: UUID, told: Told, *, version: int = 1) -> bytes:
    return metrics.event(told, account=account, subject=told.activity_id, version=version)
