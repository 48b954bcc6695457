"""Everything the metrics service listens to."""

from services.metrics.facts import handlers as facts
from services.metrics.surveys import handlers as surveys
from shared.bus.subscriptions import Subscription, on, on_batch
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.survey import FeedbackReceived, SurveyPublished

SUBSCRIPTIONS: list[Subscription] = [
    on_batch([FeedbackReceived], facts.record_all),
    on(CustomerMerged, facts.merge),
    on(CustomerUnmerged, facts.unmerge),
    on(SurveyPublished, surveys.remember),
]
