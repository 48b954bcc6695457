"""Everything the gateway listens to."""

from services.gateway.audit import handlers as audit
from shared.bus.subscriptions import on_batch

SUBSCRIPTIONS = [
    on_batch(audit.AUDITED, audit.record),
]
