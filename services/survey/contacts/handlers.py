"""What the customers service tells us about customers, kept in the order of their versions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text, update

from services.survey.db import MERGED_CUSTOMERS
from services.survey.encoding import to_json
from services.survey.invitations.announcing import ended
from services.survey.invitations.models import UNANSWERED, Invitation, InvitationState
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

_FIELDS = ("external_id", "email", "phone", "name", "locale", "timezone", "preferred_channel")
_NOTHING: dict[str, Any] = {"attributes": {}, "restricted": False}
_UPSERT = text("""
    insert into survey.contacts as known
    select * from json_populate_recordset(null::survey.contacts, cast(:rows as json))
    on conflict (account_id, customer_id) do update
    set (
        version, external_id, email, phone, name, locale, is_deleted, timezone, preferred_channel, attributes,
        restricted
    ) = (
        excluded.version, excluded.external_id, excluded.email, excluded.phone, excluded.name, excluded.locale,
        excluded.is_deleted, excluded.timezone, excluded.preferred_channel, excluded.attributes, excluded.restricted
    )
    where known.version < excluded.version
""")

_REVOKE_TWICE_ASKED = text("""
    update survey.invitations asked set state = 'revoked'
    where account_id = :account_id and customer_id = :merged and state in ('waiting', 'open') and exists (
        select from survey.invitations other
        where other.account_id = :account_id and other.customer_id = survey.present_id(:account_id, :kept)
            and other.state in ('waiting', 'open') and other.survey_id = asked.survey_id
            and other.ticket_id is not distinct from asked.ticket_id
    )
""")


async def remember(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Upsert by version: whatever the order of arrival, the newest wins."""
    newest: dict[UUID, dict[str, Any]] = {}
    for event in sorted(events, key=lambda event: event.aggregate_version):
        if (row := _row(work, event)) is not None:
            newest[row["customer_id"]] = row
    if not newest:
        return
    # In one order everywhere, or two batches that share customers could wait for each other.
    rows = [newest[customer_id] for customer_id in sorted(newest)]
    await work.session.execute(_UPSERT, {"rows": to_json(rows).decode()})
    deleted = [row["customer_id"] for row in rows if row["is_deleted"]]
    if deleted:
        await _revoke_invitations(work, deleted)


async def merge(work: Work, event: Event[CustomerMerged]) -> None:
    """What is whose follows; see `MERGED_CUSTOMERS`. Asked the same twice, they now need to answer once."""
    merged = event.data
    twice = {"account_id": work.account_id, "merged": merged.merged_customer_id, "kept": merged.customer_id}
    await work.session.execute(_REVOKE_TWICE_ASKED, twice)
    await MERGED_CUSTOMERS.point(work, merged.merged_customer_id, merged.customer_id, version=merged.merged_version)


async def unmerge(work: Work, event: Event[CustomerUnmerged]) -> None:
    """What came under the restored customer's identities goes back, whenever it came."""
    restored = event.data
    await MERGED_CUSTOMERS.point(work, restored.restored_customer_id, None, version=restored.restored_version)


def _row(work: Work, event: Event[Payload]) -> dict[str, Any] | None:
    data = event.data
    base: dict[str, Any] = {"account_id": work.account_id, "version": event.aggregate_version}
    if isinstance(data, CustomerDeleted):
        return base | dict.fromkeys(_FIELDS) | _NOTHING | {"customer_id": data.customer_id, "is_deleted": True}
    if isinstance(data, CustomerCreated | CustomerUpdated):
        known = {name: getattr(data.profile, name) for name in (*_FIELDS, *_NOTHING)}
        return base | known | {"customer_id": data.customer_id, "is_deleted": False}
    return None


async def _revoke_invitations(work: Work, customer_ids: list[UUID]) -> None:
    revoked = await work.session.scalars(
        update(Invitation)
        .where(
            Invitation.account_id == work.account_id,
            Invitation.customer_id.in_(customer_ids),
            Invitation.state.in_(UNANSWERED),
        )
        .values(state=InvitationState.REVOKED)
        .returning(Invitation)
    )
    for invitation in revoked:
        ended(work, invitation, "customer_deleted")
