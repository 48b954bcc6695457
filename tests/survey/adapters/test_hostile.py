"""Whatever comes in, an adapter says `Rejected` or `Unreadable`, at once, and never anything else."""

import importlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.survey.adapters.base import Push, Received, Rejected, Unreadable
from services.survey.adapters.registry import adapters
from services.survey.hearing.canonical import Hint
from shared.http.schemas import find_nul
from tests.survey.adapters.broken import NOW, Sender, payload, payloads

PUSHED = [name for name, adapter in adapters().items() if isinstance(adapter, Push)]
LETTERS = "aZ09 é漢😀\\\"'<&=,:;./-_+\t\r\n"
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(LETTERS, max_size=20),
    st.sampled_from(
        [[], {}, "", "\x00", "\\\x00", "é" * 5_000, "1e999999", "NaN", "0001-01-01T00:00:00+14:00", -1, 10**400, [[]]]
    ),
)
DEEP = b'{"a":' * 100_000


def sender_of(name: str) -> Sender:
    """Each adapter's tests have its sender: what is not tested is not registered."""
    sender: Sender = importlib.import_module(f"tests.survey.adapters.test_{name}").SENDER
    return sender


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in below for place in places(each, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    if isinstance(value, dict):
        return {**value, path[0]: replaced(value[path[0]], path[1:], by)}
    return [replaced(each, path[1:], by) if place == path[0] else each for place, each in enumerate(value)]


@st.composite
def mutilated(draw: st.DrawFn, documents: list[Any]) -> bytes:
    """A documented payload in which something else stands at one place or two."""
    document = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 2))):
        document = replaced(document, draw(st.sampled_from(places(document))), draw(JUNK))
    return json.dumps(document).encode()


def survives(sender: Sender, request: Received) -> None:
    began = time.thread_time()
    try:
        heard = sender.heard(request)
    except (Rejected, Unreadable):
        return
    finally:
        # Of the processor's time, which a busy machine does not make longer.
        assert time.thread_time() - began < 1
    for each in heard:
        # What is heard can be stored.
        stored = each.model_dump(mode="json")
        assert find_nul(stored) is None
        assert isinstance(each, Hint) or each.occurred_at.tzinfo is not None


@pytest.mark.parametrize("name", PUSHED)
async def test_hostile_bodies_with_a_valid_signature(name: str) -> None:
    sender = sender_of(name)
    await sender.prepare()
    documents = [json.loads(payload(name, each)) for each in payloads(name)]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(mutilated(documents), st.binary(max_size=200)))
    def attack(body: bytes) -> None:
        survives(sender, sender.request(body))

    attack()
    survives(sender, sender.request(DEEP))


@pytest.mark.parametrize("name", PUSHED)
async def test_hostile_headers_and_queries(name: str) -> None:
    sender = sender_of(name)
    await sender.prepare()
    connection = sender.connection()
    body = payload(name, payloads(name)[0])
    known = [header for header, _ in sender.request(body).headers]
    header = st.tuples(st.sampled_from([*known, *sender.signed_by, "authorization"]), st.text(LETTERS, max_size=60))
    query = st.tuples(
        st.sampled_from(["hub.mode", "hub.verify_token", "hub.challenge", "verification"]),
        st.text(LETTERS, max_size=60),
    )

    @settings(max_examples=40, deadline=None)
    @given(st.lists(header, max_size=5), st.lists(query, max_size=4), st.sampled_from(["GET", "POST", "HEAD"]))
    def attack(headers: list[tuple[str, str]], queries: list[tuple[str, str]], method: str) -> None:
        request = Received(method, connection.url, tuple(headers), tuple(queries), body, NOW)
        survives(sender, request)
        assert isinstance(sender.adapter, Push)
        try:
            answer = sender.adapter.handshake(request, connection)
        except Rejected:
            return
        # It is echoed to whoever asks: plain, short, and never a page.
        assert answer is None or (len(answer.body) <= 500 and "html" not in answer.media_type)

    attack()
