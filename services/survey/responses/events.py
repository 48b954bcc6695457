"""`ResponseReceived` in the same bytes as `shared.bus.events.encode_event`, without building its models.

Encoding is the largest part of accepting a response; this is four times faster. A test holds the two to the same bytes.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.survey.encoding import to_json
from shared.contracts.survey import ResponseReceived

_SOURCE = "/heed/survey"


def encode_received(
    data: dict[str, Any],
    *,
    event_id: UUID,
    time: datetime,
    account_id: UUID,
    actor: str,
    correlation_id: UUID,
    traceparent: str | None,
) -> bytes:
    """`data` holds the fields of `ResponseReceived` in their order; its `response_id` is the subject.

    `actor` as it travels: kind, colon, id.
    """
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": _SOURCE,
        "type": ResponseReceived.TYPE,
        "subject": data["response_id"],
        "time": time,
        "datacontenttype": "application/json",
        "accountid": account_id,
        "actor": actor,
        "correlationid": correlation_id,
    }
    if traceparent is not None:
        body["traceparent"] = traceparent
    body["aggregateversion"] = 1
    body["data"] = data
    return to_json(body)
