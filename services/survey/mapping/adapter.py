"""Senders that Heed does not know by name: signed JSON, and a mapping that says what it means."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson
from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Handshake,
    LiveSecrets,
    Platform,
    PushComplete,
    Received,
    Rejected,
    Verified,
)
from services.survey.adapters.reviews import asked_for
from services.survey.hearing.canonical import Item
from services.survey.mapping.auth import Jwt, unfit_secrets, verify
from services.survey.mapping.config import EchoJson, EchoQuery, FormPing, JsonSettings
from services.survey.mapping.keys import sender_keys
from services.survey.mapping.reading import read_items
from shared.http.schemas import Model

_LONGEST_ECHO: Final = 200


class JsonSecrets(Model):
    secrets: LiveSecrets | None = Field(
        None,
        description="What the sender signs with, or sends along: the new one first, and the one before as long as the "
        "sender may still use it. For basic authentication `name:password`; for Ed25519 the sender's public key.",
    )
    handshake_token: str | None = Field(
        None, min_length=8, max_length=200, description="The token that the sender's handshake must name."
    )


class SignedJson(PushComplete):
    name: ClassVar[str] = "json"
    title: ClassVar[str] = "Signed JSON of your own"
    capabilities: ClassVar[Capabilities] = Capabilities(deletions=True)
    settings: ClassVar[type[Model]] = JsonSettings
    secrets: ClassVar[type[Model]] = JsonSecrets
    setup: ClassVar[Sequence[str]] = (
        "Start from a preset (`GET /v1/adapters/json/presets`), or write the mapping yourself.",
        "Try it with something that your sender has sent (`POST /v1/sources/dry-run`): nothing is kept by that.",
        "Let the sender POST its JSON to `{url}`, signed as `auth` says.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        verified = verify(connection.settings.auth, received, connection.secrets.secrets or ())
        for name in connection.settings.headers:
            # What the mapping reads comes once.
            received.header(name)
        return verified

    async def prepare(self, platform: Platform, connection: Connection) -> None:
        if isinstance(auth := connection.settings.auth, Jwt):
            await sender_keys(auth.jwks_url).fetch(platform)

    def unfit(self, settings: Any, secrets: Any) -> Mapping[str, str]:
        wanted = unfit_secrets(settings.auth, secrets.secrets or ())
        found = {"secrets": wanted} if wanted else {}
        if isinstance(settings.handshake, EchoQuery) and not secrets.handshake_token:
            found["handshake_token"] = "The handshake compares it with what the sender names."
        return found

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        asked = connection.settings.handshake
        match asked:
            case EchoQuery():
                return _echoed_query(asked, received, connection) if received.method == "GET" else None
            case EchoJson():
                echo = _json_field(received.body, asked.field)
                if echo is not None:
                    self.verify(received, connection)
                return Handshake(echo) if echo is not None else None
            case FormPing():
                prefix = f"{asked.field}=".encode()
                body = received.body
                is_ping = len(body) < len(prefix) + 20 and body.startswith(prefix) and body[len(prefix) :].isdigit()
                return Handshake("ok") if is_ping else None
        return None

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        return read_items(connection.settings, received)


def _echoed_query(asked: EchoQuery, received: Received, connection: Connection) -> Handshake | None:
    echo = asked_for(received, asked.param)
    if echo is None:
        return None
    given, token = asked_for(received, asked.token_param), connection.secrets.handshake_token
    if not token or given is None or not hmac.compare_digest(given.encode(errors="replace"), token.encode()):
        raise Rejected("wrong_signature")
    if len(echo) > _LONGEST_ECHO:
        raise Rejected("malformed_signature")
    return Handshake(echo)


def _json_field(body: bytes, field: str) -> str | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = content.get(field) if isinstance(content, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ECHO else None
