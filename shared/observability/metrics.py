"""Prometheus metrics. Labels name services, routes and handlers; never accounts, customers or ids."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

REQUESTS = Histogram(
    "heed_request_duration_seconds",
    "Time to answer a request.",
    ("service", "method", "route", "status"),
    buckets=_SECONDS,
)
OUTBOX_DEPTH = Gauge("heed_outbox_depth", "Events committed and not yet handed over.", ("service",))
OUTBOX_AGE = Gauge("heed_outbox_age_seconds", "Age of the oldest event not yet handed over.", ("service",))
EVENTS_SENT = Counter("heed_events_sent_total", "Events handed to the transport.", ("service",))
UNROUTABLE = Counter("heed_events_unroutable_total", "Attempts to send an event that no queue takes.", ("service",))
CONSUMER_LAG = Gauge("heed_consumer_lag", "Messages waiting in the service's queue.", ("service",))
HANDLED = Histogram(
    "heed_handler_duration_seconds", "Time of one handler's transaction.", ("service", "handler"), buckets=_SECONDS
)
HANDLER_FAILURES = Counter("heed_handler_failures_total", "Failed attempts to handle an event.", ("service", "handler"))
DEAD_LETTERS = Gauge("heed_dead_letters", "Events and timers that wait for a person.", ("service",))
TIMERS_LATE = Gauge("heed_timers_late_seconds", "How late the most overdue timer is.", ("service",))
LOOP_LAG = Gauge("heed_event_loop_lag_seconds", "How long the event loop kept a ready task waiting.", ("service",))
