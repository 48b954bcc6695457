"""The envelope and its batches survive the journey byte for byte."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.batches import MOST_BYTES, MOST_EVENTS, in_batches, pack, unpack
from shared.bus.events import Actor, MalformedEvent, UnknownPayload, decode_event, encode_event
from shared.bus.postgres import expression_of
from shared.contracts.base import ActorKind
from shared.contracts.gateway import UserAdded
from shared.ids import new_id
from tests.shared.bus.probe import outgoing, raw_event

# Whatever people write, but for what PostgreSQL's JSON cannot hold: the edge refuses it before it becomes an event.
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
instants = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


class TestEnvelope:
    @given(
        event_id=st.uuids(),
        subject=st.uuids(),
        account_id=st.uuids(),
        time=instants,
        actor=st.builds(Actor, st.sampled_from(ActorKind), text),
        correlation_id=st.uuids(),
        causation_id=st.none() | st.uuids(),
        traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        aggregate_version=st.integers(1, 2**31),
        payload=st.builds(UserAdded, user_id=st.uuids(), name=text, email=text, role=text),
    )
    def test_what_is_written_is_what_is_read(self, payload: UserAdded, **attributes: Any) -> None:
        raw = encode_event(payload, **attributes)
        event = decode_event(raw)
        assert event.data == payload
        assert event.raw == raw
        assert {name: getattr(event, {"event_id": "id"}.get(name, name)) for name in attributes} == attributes
        assert event.source == "/heed/gateway"

    def test_it_is_a_cloud_event(self, account: UUID) -> None:
        """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md"""
        body = orjson.loads(raw_event(account=account))
        assert body["specversion"] == "1.0"
        assert body["datacontenttype"] == "application/json"
        assert {"id", "source", "type", "subject", "time"} <= body.keys()
        assert all(name.isalnum() and name.islower() for name in body)

    def test_a_field_added_by_a_newer_version_is_ignored(self, account: UUID) -> None:
        body = orjson.loads(raw_event(account=account))
        body["data"]["added"] = 1
        body["newattribute"] = 1
        assert decode_event(orjson.dumps(body)).account_id == account

    def test_a_type_added_by_a_newer_version_keeps_its_data(self, account: UUID) -> None:
        body = orjson.loads(raw_event(account=account)) | {"type": "heed.gateway.user.promoted.v1", "data": {"to": 7}}
        event = decode_event(orjson.dumps(body))
        assert isinstance(event.data, UnknownPayload)
        assert event.data.content == {"to": 7}

    @given(raw=st.binary(max_size=200))
    def test_anything_else_is_malformed_and_nothing_worse(self, raw: bytes) -> None:
        with pytest.raises(MalformedEvent):
            decode_event(raw)

    @given(
        value=st.sampled_from(["secret-value", ["secret-value"], {"secret-value": "secret-value"}]),
        name=st.sampled_from(
            ["id", "subject", "time", "accountid", "actor", "correlationid", "aggregateversion", "data"]
        ),
    )
    def test_a_broken_attribute_is_told_without_quoting_it(self, value: Any, name: str) -> None:
        event = orjson.loads(raw_event(account=new_id())) | {name: value}
        with pytest.raises(MalformedEvent) as caught:
            decode_event(orjson.dumps(event))
        assert "secret-value" not in str(caught.value)


class TestBatches:
    @given(sizes=st.lists(st.integers(1, MOST_BYTES * 2), max_size=30), repeat=st.integers(1, 12))
    def test_cutting_keeps_every_event_in_order_within_the_limits(self, sizes: list[int], repeat: int) -> None:
        pieces = {size: b"x" * size for size in sizes}
        events = [outgoing("heed.a.b.c.v1", pieces[size]) for size in sizes * repeat]
        batches = list(in_batches(events))
        assert [event for batch in batches for event in batch] == events
        for batch in batches:
            assert 1 <= len(batch) <= MOST_EVENTS
            assert len(batch) == 1 or sum(len(event.body) for event in batch) <= MOST_BYTES

    @given(values=st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.text())), min_size=0, max_size=20))
    def test_packing_and_unpacking_change_no_byte_and_give_valid_json(self, values: list[dict[str, Any]]) -> None:
        encodable = [value for value in values if _encodes(value)]
        bodies = [orjson.dumps(value) for value in encodable]
        assert unpack(pack(bodies)) == bodies
        assert orjson.loads(pack(bodies)) == encodable

    def test_a_foreign_message_stays_whole(self) -> None:
        assert unpack(b'{"one":1}') == [b'{"one":1}']
        assert unpack(b"garbage") == [b"garbage"]
        assert unpack(b"") == [b""]


class TestExpression:
    @pytest.mark.parametrize(
        ("pattern", "expression"),
        [
            ("heed.#", r"^\.heed(\.[^.]+)*$"),
            ("heed.*.x", r"^\.heed\.[^.]+\.x$"),
            ("#", r"^(\.[^.]+)*$"),
            ("heed.api-key", r"^\.heed\.api\-key$"),
            ("heed.a+b(c", r"^\.heed\.a\+b\(c$"),
        ],
    )
    def test_words_are_literal(self, pattern: str, expression: str) -> None:
        assert expression_of(pattern) == expression


def _encodes(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # a lone surrogate, which is no text
        return False
    return True
