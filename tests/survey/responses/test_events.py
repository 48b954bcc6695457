"""The quick encoder says exactly what the kit's would."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.survey.responses.events import encode_received
from shared.bus.events import Actor, encode_event
from shared.contracts.base import ActorKind
from shared.contracts.survey import ResponseReceived
from shared.ids import new_id

NOW = datetime(2026, 3, 2, 9, 0, 0, 120, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "response_id": new_id(),
    "survey_id": new_id(),
    "survey_version": 3,
    "submission_id": 'order "1" é',
    "customer": None,
    "invitation_id": None,
    "ticket_id": None,
    "answers": [{"question": "score", "value": 9}],
    "completed": True,
    "channel": "web",
    "touchpoint": None,
    "dimensions": {},
    "occurred_at": NOW - timedelta(days=1),
    "received_at": NOW,
    "language": None,
    "revision": 1,
    "hidden": {},
    "variables": {},
    "ending": None,
    "screened_out": False,
    "over_quota": None,
    "suspicious": [],
    "anonymous": False,
}
FULL = PLAIN | {
    "customer": {"id": new_id(), "external_id": "7", "email": "a@b.de", "phone": "+49301234567", "name": "Ana"}
    | {"order": None, "handle": None},
    "invitation_id": new_id(),
    "ticket_id": new_id(),
    "answers": [{"question": "score", "value": 9}, {"question": "comment", "value": "Größe\n<b>"}],
    "dimensions": {"store": "12", "city": "Köln"},
    "touchpoint": "delivery",
    "language": "de",
    "revision": 4,
    "hidden": {"plan": "pro"},
    "variables": {"total": "12.5"},
    "ending": "sorry",
    "screened_out": True,
    "over_quota": "women",
    "suspicious": ["too_fast"],
    "anonymous": True,
}


class TestEncodeReceived:
    @pytest.mark.parametrize("data", [PLAIN, FULL])
    @pytest.mark.parametrize("traceparent", [None, f"00-{'a' * 32}-{'b' * 16}-01"])
    def test_writes_the_bytes_of_the_kit(self, data: dict[str, Any], traceparent: str | None) -> None:
        envelope: dict[str, Any] = {
            "event_id": new_id(),
            "time": NOW,
            "account_id": new_id(),
            "correlation_id": new_id(),
            "traceparent": traceparent,
        }
        actor = Actor(ActorKind.PARTNER, "key-1")
        slow = encode_event(ResponseReceived(**data), subject=data["response_id"], actor=actor, **envelope)
        assert encode_received(data, actor=str(actor), **envelope) == slow

    def test_knows_every_field_of_the_contract(self) -> None:
        assert list(PLAIN) == list(ResponseReceived.model_fields)
