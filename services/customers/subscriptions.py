"""Everything the customers service listens to, and what it does later."""

from services.customers.activities import awaited, telling
from services.customers.activities import observed as shops
from services.customers.companies import service as companies
from services.customers.consents import handlers as consents
from services.customers.consents import observed as messages
from services.customers.imports import service as imports
from services.customers.records import handlers as records
from services.customers.segments import handlers as segments
from services.customers.segments.timers import TIMERS as SEGMENT_TIMERS
from services.customers.subjects import matching
from services.customers.subjects import part as subjects
from services.customers.timeline import handlers as timeline
from services.customers.timeline.entries import TOLD_BY
from shared.bus.subscriptions import Subscription, TimerBatch, TimerHandler, on, on_batch
from shared.contracts.consent import ConsentStated, PreferenceStated
from shared.contracts.customers import CustomerMerged
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.hearing import ActivityObserved, ConsentObserved, PrivacyRequested
from shared.contracts.survey import CustomerSighted

SUBSCRIPTIONS: list[Subscription] = [
    on(CustomerSighted, records.identify),
    on(ActivityObserved, shops.record),
    on(ConsentObserved, messages.write),
    on(PrivacyRequested, matching.match),
    on(ConsentStated, consents.write_answer),
    on(PreferenceStated, consents.write_preference),
    on(CustomerMerged, consents.keep_withdrawals),
    on_batch(TOLD_BY, timeline.record_all),
    on(SubjectRequestOpened, subjects.take_part),
    # Last: it holds a lock until the transaction ends.
    on_batch(segments.HEARD, segments.follow),
]
TIMERS: dict[str, TimerHandler] = {
    telling.TIMER: telling.happens,
    shops.UNCLAIMED: shops.claim,
    awaited.TIMER: TimerBatch(records.identify_by_order),
    companies.SPREAD: companies.spread,
    companies.GATHER: companies.gather,
    imports.GO_ON: imports.go_on,
    imports.FORGET: imports.SHELF.forget,
    **SEGMENT_TIMERS,
}
