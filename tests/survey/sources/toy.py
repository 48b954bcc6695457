"""A sender that was made up: it signs bodies (HMAC-SHA256, hex), and sends lists of reviews."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import httpx
import orjson
from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Handshake,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.signatures import check_hmac
from services.survey.hearing.canonical import Author, FeedbackItem, Item, ItemRating
from services.survey.sources.intake import hooks_of
from shared.contracts.sources import SourceDelivered
from shared.http.schemas import Model
from shared.testing.harness import Harness

SECRET = "a secret of the toy shop"


class ToySettings(Model):
    channel: str = Field("web", description="What its reviews are filed under.", max_length=40)
    challenge: str | None = Field(None, description="What a handshake must bring along.")
    more: list[Any] = Field(default_factory=list, description="Anything.")


class ToySecrets(Model):
    secret: str = Field(min_length=10, description="At the toy shop under Settings.")


@dataclass
class Toy(PushComplete):
    """`seen` is what it was given to verify."""

    name: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy shop"
    capabilities: ClassVar[Capabilities] = Capabilities()
    settings: ClassVar[type[Model]] = ToySettings
    secrets: ClassVar[type[Model]] = ToySecrets
    setup: ClassVar[Sequence[str]] = ("Paste {url} into the toy shop.",)
    largest: ClassVar[int] = 100_000
    seen: list[Received] = field(default_factory=list)

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        if received.method != "GET" or "challenge" not in dict(received.query):
            return None
        if dict(received.query)["challenge"] != connection.settings.challenge:
            raise Rejected("wrong_signature")
        return Handshake("welcome")

    def verify(self, received: Received, connection: Connection) -> Verified:
        self.seen.append(received)
        secret = connection.secrets.secret
        check_hmac(received.header("x-toy-signature"), received.body, [secret], algorithm="sha256", encoding="hex")
        return Verified("v1", delivery_id=received.header("x-toy-id"), once=received.header("x-toy-once"))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        try:
            reviews = orjson.loads(received.body)
        except ValueError:
            raise Unreadable("This is no JSON.") from None
        return [
            FeedbackItem(
                external_id=review["id"],
                external_version=str(review.get("version", 1)),
                occurred_at=received.at,
                author=Author(anonymous=True),
                kind="review",
                channel=connection.settings.channel,
                rating=ItemRating(
                    raw=str(review["stars"]), value=Decimal(review["stars"]), minimum=Decimal(1), maximum=Decimal(5)
                ),
                text=review.get("text"),
            )
            for review in reviews
        ]


def review(**changes: Any) -> bytes:
    """The body with one review, another each time."""
    return orjson.dumps([{"id": secrets.token_hex(4), "stars": 2, "text": "It came late."} | changes])


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x-toy-signature": hmac.digest(secret.encode(), body, "sha256").hex()}


async def connected(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"adapter": "toy", "name": "Toys", "secrets": {"secret": SECRET}} | fields
    answer = await client.post("/v1/sources", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def path_of(source: dict[str, Any]) -> str:
    return httpx.URL(source["hook_url"]).path


async def send(
    survey: Harness,
    source: dict[str, Any],
    body: bytes | None = None,
    *,
    secret: str = SECRET,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    body = review() if body is None else body
    return await survey.anonymous().post(
        path_of(source), content=body, headers=signed(body, secret) | dict(headers or {})
    )


async def read_all(survey: Harness, account: UUID) -> None:
    """As the worker would: everything that was announced and is still to be read, once more if it was."""
    await survey.deliver_raw([event.raw for event in await survey.emitted(account, SourceDelivered)])


def forget_doors(survey: Harness) -> None:
    """As if a second had gone by."""
    hooks_of(survey.runtime).doors.forget()
