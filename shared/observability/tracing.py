"""W3C Trace Context (https://www.w3.org/TR/trace-context/) from request to event to request.

The OpenTelemetry API does the work, so an installed SDK sees every span; without one the ids still travel.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("heed")


def new_traceparent() -> str:
    """A trace of our own, sampled, for a request that came without one."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str | None) -> str | None:
    """The 32 hex digits that all logs of one trace share."""
    return traceparent.split("-")[1] if traceparent else None


def valid_traceparent(header: str | None) -> str | None:
    """The header if it is well formed, else None."""
    if header is None:
        return None
    context = trace.get_current_span(_propagator.extract({"traceparent": header})).get_span_context()
    return header if context.is_valid else None


@contextmanager
def span(name: str, kind: SpanKind, traceparent: str | None, **attributes: Any) -> Iterator[str | None]:
    """A span below `traceparent`; yields the traceparent that what happens inside should carry on."""
    context = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with _tracer.start_as_current_span(name, context, kind, attributes):
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        yield carrier.get("traceparent", traceparent)
