"""What follows from items that say nothing: other services record, withdraw, suppress and look for whom it is about."""

from uuid import UUID, uuid5

from services.survey.hearing.authors import reference_of
from services.survey.hearing.canonical import ActivityItem, ConsentItem, DeliveryItem, PrivacyItem
from services.survey.hearing.sender import Sender
from shared.contracts.base import Payload
from shared.contracts.hearing import ActivityObserved, ConsentObserved, DeliveryReported, PrivacyRequested
from shared.work import Work

Effect = ActivityItem | ConsentItem | DeliveryItem | PrivacyItem


def tell(work: Work, source: Sender, item: Effect, *, number: int | None) -> None:
    """Of an item that was not heard before, or is understood better now. Each effect has an id of its own, the same
    whenever it is told. `number`: of an activity's version."""
    effect_id = uuid5(source.id, f"{item.what} {item.external_id}")
    payload = _payload(work, source, item, effect_id, number)
    if payload is not None:
        work.emit(payload, subject=effect_id)


def _payload(work: Work, source: Sender, item: Effect, effect_id: UUID, number: int | None) -> Payload | None:
    if isinstance(item, ActivityItem):
        assert number is not None
        return _activity(source, item, number)
    if isinstance(item, ConsentItem):
        return _consent(work, source, item, effect_id)
    if isinstance(item, DeliveryItem):
        return _delivery(work, source, item, effect_id)
    return _privacy(work, source, item, effect_id)


def _activity(source: Sender, item: ActivityItem, number: int) -> Payload:
    return ActivityObserved(
        source_id=source.id,
        source=source.adapter,
        external_id=item.external_id,
        version=number,
        customer=reference_of(item.author, source, order=item.order_ref),
        kind=item.kind,
        name=item.name,
        occurred_at=item.occurred_at,
        amount=item.amount,
        order_ref=item.order_ref,
        touchpoint=item.touchpoint,
        properties=item.properties,
        removed=item.op == "delete",
    )


def _consent(work: Work, source: Sender, item: ConsentItem, effect_id: UUID) -> Payload | None:
    customer = reference_of(item.author, source, order=None)
    if customer is None or item.op == "delete":
        return None
    return ConsentObserved(
        statement_id=effect_id,
        source_id=source.id,
        source=source.adapter,
        customer=customer,
        channel=item.channel,
        granted=item.granted,
        proof=item.proof,
        stated_at=min(item.occurred_at, work.now),
    )


def _delivery(work: Work, source: Sender, item: DeliveryItem, effect_id: UUID) -> Payload:
    return DeliveryReported(
        report_id=effect_id,
        source_id=source.id,
        source=source.adapter,
        channel=item.channel,
        message_id=item.message_id,
        recipient=item.recipient,
        state=item.state,
        reason=item.reason,
        reported_at=min(item.occurred_at, work.now),
    )


def _privacy(work: Work, source: Sender, item: PrivacyItem, effect_id: UUID) -> Payload | None:
    customer = reference_of(item.author, source, order=None)
    if customer is None and item.request != "erase_shop":
        return None
    return PrivacyRequested(
        request_id=effect_id,
        source_id=source.id,
        source=source.adapter,
        request=item.request,
        customer=customer,
        requested_at=min(item.occurred_at, work.now),
    )
