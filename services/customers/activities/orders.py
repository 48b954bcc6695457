"""Orders, by the number that people and platforms call them by."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.customers.activities.models import Activity
from shared.work import Work

_LONGEST: Final = 200


def order_key(kind: str, source_id: str | None, properties: dict[str, Any]) -> str | None:
    """Under what a purchase is found: its property `order_ref`, else its `source_id`, as `normal_order` has it."""
    if kind != "purchase":
        return None
    reference = properties.get("order_ref")
    return normal_order(reference if isinstance(reference, str) else source_id)


def normal_order(reference: str | None) -> str | None:
    """`#1001` and `1001` are one order, `A-7` and `a-7` too."""
    return (reference or "").strip().lstrip("#").strip().casefold()[:_LONGEST] or None


async def known_orders(work: Work, order_keys: Collection[str]) -> set[str]:
    """Those of the keys under which there is a purchase."""
    mine = (Activity.account_id == work.account_id, Activity.order_key.in_(order_keys))
    found = await work.session.scalars(select(Activity.order_key).where(*mine).distinct()) if order_keys else ()
    return {key for key in found if key is not None}


async def buyer_by_id(work: Work, source: str, source_id: str) -> UUID | None:
    """The record that a purchase came under, by what its shop itself calls it."""
    named_id = func.coalesce(Activity.origin_customer_id, Activity.customer_id)
    same = (Activity.account_id == work.account_id, Activity.source == source, Activity.source_id == source_id)
    found: UUID | None = await work.session.scalar(select(named_id).where(*same, Activity.kind == "purchase"))
    return found


async def buyer_of(work: Work, order: str, *, of_source: str | None = None) -> UUID | None:
    """The record that the order came under; None if there is no such order, or different people have one.

    `of_source` is how the `source_id` ends of what one shop told: two shops may count alike.
    """
    key = normal_order(order)
    if key is None:
        return None
    named_id = func.coalesce(Activity.origin_customer_id, Activity.customer_id)
    statement = select(Activity.customer_id, named_id).where(
        Activity.account_id == work.account_id, Activity.order_key == key
    )
    if of_source is not None:
        statement = statement.where(Activity.source_id.endswith(of_source, autoescape=True))
    found = (await work.session.execute(statement.limit(100))).all()
    return found[0][1] if len({customer_id for customer_id, _ in found}) == 1 else None
