"""The twelve broken requests: what somebody gets who is not the sender, or what is left of a request on a bad way.

A test module of an adapter has a `Sender`, which plays the sender: it signs. The rest follows:

    @pytest.mark.parametrize("fault", FAULTS)
    def test_broken(fault: str) -> None:
        check(fault, SENDER, payload("judgeme", "created"))
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

import pytest

from services.survey.adapters.base import (
    Connection,
    Push,
    PushComplete,
    PushHint,
    Received,
    Rejected,
    Unreadable,
)
from services.survey.hearing.canonical import Hint, Item

NOW: Final = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
_NAMES: Final = UUID("5b1f4f39-3c3c-4f0e-9d0c-0d4c57ad3a10")
_PAYLOADS: Final = Path(__file__).parent / "payloads"


def payload(adapter: str, name: str) -> bytes:
    """A stored body, as it was published: `payloads/<adapter>/<name>.json`."""
    return (_PAYLOADS / adapter / f"{name}.json").read_bytes()


def payloads(adapter: str) -> list[str]:
    return sorted(path.stem for path in (_PAYLOADS / adapter).glob("*.json"))


class Sender:
    """One sender, and two accounts that it sends to. `signed_by` names the headers that make up the signature.

    `exempt`: faults that this sender's scheme cannot show, each with the reason. They are checked to be real ones.
    """

    adapter: ClassVar[Push]
    signed_by: ClassVar[tuple[str, ...]] = ()
    exempt: ClassVar[Mapping[str, str]] = {}

    def secrets(self, account: str) -> dict[str, Any]:
        """Of the account's source; different ones for each account."""
        return {}

    def settings(self) -> dict[str, Any]:
        return {}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        """Those of the signature and all else that counts."""
        return ()

    async def prepare(self) -> None:
        """Whatever `verify` must have at hand, it has."""

    def connection(self, account: str = "ours") -> Connection:
        """Its source: the same one each time."""
        return Connection(
            source_id=uuid5(_NAMES, f"{self.adapter.name} {account}"),
            account_id=uuid5(_NAMES, account),
            settings=self.adapter.settings.model_validate(self.settings()),
            secrets=self.adapter.secrets.model_validate(self.secrets(account)),
            url=f"https://heed.example/hooks/{account}",
        )

    def request(self, body: bytes, connection: Connection | None = None, at: datetime = NOW) -> Received:
        """A valid one, sent at that time, which arrives now."""
        connection = connection or self.connection()
        return Received(
            method="POST",
            url=connection.url,
            headers=(("content-type", "application/json"), *self.headers(body, connection, at)),
            query=(),
            body=body,
            at=NOW,
        )

    def unsigned(self, request: Received) -> Received:
        return replace(request, headers=tuple(each for each in request.headers if each[0] not in self.signed_by))

    def miscoded(self, request: Received) -> Received:
        """The right signature in another encoding: once more in base64."""
        again = (
            (name, base64.b64encode(value.encode()).decode() if name in self.signed_by else value)
            for name, value in request.headers
        )
        return replace(request, headers=tuple(again))

    def doubled(self, request: Received) -> Received:
        return replace(
            request, headers=request.headers + tuple(each for each in request.headers if each[0] in self.signed_by)
        )

    def heard(self, request: Received, connection: Connection | None = None) -> Sequence[Item | Hint]:
        """Verified and read. Raises what the adapter raises."""
        connection = connection or self.connection()
        self.adapter.verify(request, connection)
        heard: list[Item | Hint] = []
        if isinstance(self.adapter, PushComplete):
            heard += self.adapter.parse(request, connection)
        if isinstance(self.adapter, PushHint):
            heard += self.adapter.hints(request, connection)
        return heard


def _missing(sender: Sender, body: bytes) -> Received:
    return sender.unsigned(sender.request(body))


def _wrong_secret(sender: Sender, body: bytes) -> Received:
    return replace(sender.request(body, sender.connection("nobody's")), url=sender.connection().url)


def _flipped_byte(sender: Sender, body: bytes) -> Received:
    # The last digit or letter: the body stays readable, so that nothing but the signature tells.
    place = next(index for index in reversed(range(len(body))) if body[index : index + 1].isalnum())
    return replace(sender.request(body), body=body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])


def _reserialised(sender: Sender, body: bytes) -> Received:
    again = json.dumps(json.loads(body), separators=(" , ", " : ")).encode()
    return replace(sender.request(body), body=again)


def _stale(sender: Sender, body: bytes) -> Received:
    return sender.request(body, at=NOW - timedelta(days=2))


def _future(sender: Sender, body: bytes) -> Received:
    return sender.request(body, at=NOW + timedelta(days=2))


def _wrong_encoding(sender: Sender, body: bytes) -> Received:
    return sender.miscoded(sender.request(body))


def _duplicate_header(sender: Sender, body: bytes) -> Received:
    return sender.doubled(sender.request(body))


def _empty_body(sender: Sender, body: bytes) -> Received:
    return sender.request(b"")


def _oversize(sender: Sender, body: bytes) -> Received:
    return replace(sender.request(body), body=body + b" " * sender.adapter.largest)


def _other_tenant(sender: Sender, body: bytes) -> Received:
    theirs = sender.request(body, sender.connection("theirs"))
    sender.heard(theirs, sender.connection("theirs"))  # which is a valid one, where it belongs
    return replace(theirs, url=sender.connection().url)


def _replay(sender: Sender, body: bytes) -> Received:
    return sender.request(body)


_BREAK: Final[Mapping[str, Callable[[Sender, bytes], Received]]] = {
    "missing": _missing,
    "wrong_secret": _wrong_secret,
    "flipped_byte": _flipped_byte,
    "reserialised": _reserialised,
    "stale": _stale,
    "future": _future,
    "wrong_encoding": _wrong_encoding,
    "duplicate_header": _duplicate_header,
    "empty_body": _empty_body,
    "oversize": _oversize,
    "other_tenant": _other_tenant,
    "replay": _replay,
}
FAULTS: Final = tuple(_BREAK)
# How a refusal is named where the name matters to the source's owner.
_REASONS: Final = {
    "missing": {"missing_signature"},
    "stale": {"stale"},
    "future": {"future"},
    "duplicate_header": {"duplicate_header"},
}


def check(fault: str, sender: Sender, body: bytes) -> None:
    """The broken request is refused, or, where the sender is exempt, really is as good as a valid one."""
    request = _BREAK[fault](sender, body)
    if fault == "replay":
        _check_replay(sender, request)
    elif fault in sender.exempt:
        sender.heard(request)
    elif fault == "empty_body":
        with pytest.raises((Rejected, Unreadable)):
            sender.heard(request)
    elif fault == "oversize":
        # The door measures before it asks the adapter, and a signature counts each byte.
        assert len(request.body) > sender.adapter.largest
        with pytest.raises(Rejected):
            sender.heard(request)
    else:
        with pytest.raises(Rejected) as refused:
            sender.heard(request)
        assert refused.value.reason in _REASONS.get(fault, {refused.value.reason})


def _check_replay(sender: Sender, request: Received) -> None:
    """It has the name of the first delivery, if there are names, and says nothing that is new."""
    first, second = (sender.adapter.verify(request, sender.connection()) for _ in range(2))
    assert first == second
    assert _named(sender.heard(request)) == _named(sender.heard(request))


def _named(heard: Sequence[Item | Hint]) -> list[str]:
    return [
        each.reference if isinstance(each, Hint) else f"{each.external_id} {each.external_version}" for each in heard
    ]
