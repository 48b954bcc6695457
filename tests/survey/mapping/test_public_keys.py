"""Senders of one's own with public keys, and what is checked beside a signature.

Seen to fail: each algorithm's check taken out, the issuer and the audience unchecked, the networks unchecked, the
secrets unchecked at connecting, a bare key taken for `whpk_`. HS256 among the algorithms is refused by the library too.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from services.survey.adapters.base import Connection, KeysNeeded, PlatformDown, Received, Rejected
from services.survey.adapters.platform import GuardedPlatform
from services.survey.mapping.adapter import SignedJson
from services.survey.mapping.keys import sender_keys
from shared.testing.harness import Harness
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload
from tests.survey.adapters.platforms import Recorded
from tests.survey.mapping.test_mapping import JWT, REVIEW
from tests.survey.sources.toy import connected, path_of

BODY = payload("json", "review")
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
JWKS = KeySet([KEY]).as_dict(private=False)
FREE = dict.fromkeys(("flipped_byte", "reserialised", "oversize"), "the token does not cover the body")


def private_key(account: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(account.encode().ljust(32, b"."))


def public_key(account: str) -> bytes:
    return private_key(account).public_key().public_bytes_raw()


class Ed25519Sender(Sender):
    """As Discord signs: the time and the body, in hex."""

    adapter: ClassVar = SignedJson()
    signed_by = ("x-signature", "x-time")

    def settings(self) -> dict[str, Any]:
        auth = {"kind": "ed25519", "header": "X-Signature", "signed": "{timestamp}{body}", "timestamp_header": "x-time"}
        return {"auth": auth, "rules": [REVIEW]}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"secrets": [public_key(account).hex()]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        stamp, account = str(int(at.timestamp())), connection.url.rpartition("/")[2]
        return [("x-time", stamp), ("x-signature", private_key(account).sign(stamp.encode() + body).hex())]


class AsymmetricSender(Sender):
    """Standard Webhooks, `v1a`."""

    adapter: ClassVar = SignedJson()
    signed_by = ("webhook-id", "webhook-timestamp", "webhook-signature")

    def settings(self) -> dict[str, Any]:
        return {"auth": {"kind": "standard_webhooks"}, "rules": [REVIEW]}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"secrets": [f"whpk_{base64.b64encode(public_key(account)).decode()}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        stamp, account = str(int(at.timestamp())), connection.url.rpartition("/")[2]
        signature = base64.b64encode(private_key(account).sign(f"m1.{stamp}.".encode() + body)).decode()
        return [("webhook-id", "m1"), ("webhook-timestamp", stamp), ("webhook-signature", f"v1,aGk= v1a,{signature}")]


class JwtSender(Sender):
    adapter: ClassVar = SignedJson()
    signed_by = ("authorization",)
    exempt: ClassVar = FREE

    def settings(self) -> dict[str, Any]:
        return {"auth": JWT, "rules": [REVIEW]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        return [("authorization", f"Bearer {token(at, aud=connection.settings.auth.audience)}")]

    def connection(self, account: str = "ours") -> Connection:
        own = super().connection(account)
        settings = {"auth": JWT | {"audience": "heed" if account == "ours" else account}, "rules": [REVIEW]}
        return replace(own, settings=own.settings.model_validate(settings))


def token(at: datetime = NOW, key: ECKey | OctKey = KEY, algorithm: str = "ES256", **claims: Any) -> str:
    usual = {"iss": "https://idp.example", "aud": ["other", "heed"], "exp": int((at + timedelta(hours=1)).timestamp())}
    return jwt.encode({"alg": algorithm, "kid": "k1"}, usual | {"iat": int(at.timestamp())} | claims, key)


SENDERS: dict[str, Sender] = {"ed25519": Ed25519Sender(), "v1a": AsymmetricSender(), "jwt": JwtSender()}


@pytest.fixture(autouse=True)
async def keys() -> Iterator[None]:  # type: ignore[misc]
    sender_keys.cache_clear()
    await sender_keys(JWT["jwks_url"]).fetch(Recorded(("GET", "/keys", 200, JWKS)))
    yield
    sender_keys.cache_clear()


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_broken(name: str, fault: str) -> None:
    check(fault, SENDERS[name], BODY)


@pytest.mark.parametrize("name", ["ed25519", "v1a"])
def test_two_keys_are_live(name: str) -> None:
    sender, own = SENDERS[name], SENDERS[name].connection()
    another = sender.secrets("another")["secrets"]
    both = replace(own, secrets=own.secrets.model_copy(update={"secrets": [*another, *own.secrets.secrets]}))
    assert sender.heard(sender.request(BODY), both)
    with pytest.raises(Rejected):
        sender.heard(sender.request(BODY), replace(own, secrets=own.secrets.model_copy(update={"secrets": another})))


def test_a_symmetric_secret_is_no_public_key() -> None:
    sender, own = SENDERS["v1a"], SENDERS["v1a"].connection()
    bare = [own.secrets.secrets[0].removeprefix("whpk_")]
    with pytest.raises(Rejected):
        sender.heard(sender.request(BODY), replace(own, secrets=own.secrets.model_copy(update={"secrets": bare})))


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (token(iss="https://another.example"), "wrong_signature"),
        (token(aud="another"), "wrong_audience"),
        (token(aud=None), "wrong_audience"),
        (token(exp="never"), "malformed_signature"),
        (token(key=ECKey.generate_key("P-256", {"kid": "k1"})), "wrong_signature"),
        (token(key=OctKey.import_key(b"what everybody can read, as a key"), algorithm="HS256"), "malformed_signature"),
    ],
)
def test_every_claim_counts(written: str, reason: str) -> None:
    sender = SENDERS["jwt"]
    request = replace(sender.request(BODY), headers=(("authorization", f"Bearer {written}"),))
    with pytest.raises(Rejected) as refused:
        sender.heard(request)
    assert refused.value.reason == reason


async def test_the_keys_of_a_jwt_are_fetched_from_its_address() -> None:
    sender = SENDERS["jwt"]
    sender_keys.cache_clear()
    with pytest.raises(KeysNeeded):
        sender.heard(sender.request(BODY))
    platform = Recorded(("GET", "/keys", 200, JWKS))
    await sender.adapter.prepare(platform, sender.connection())
    assert platform.sent[0].url == "https://idp.example/keys"
    assert sender.heard(sender.request(BODY))


@pytest.mark.parametrize(
    ("client", "is_theirs"),
    [
        ("198.51.100.7", True),
        ("::ffff:198.51.100.7", True),
        ("2001:db8::1", True),
        ("198.51.101.7", False),
        ("198.51.100.7, 203.0.113.9", False),
        (None, False),
    ],
)
def test_networks_count_beside_the_signature(client: str | None, *, is_theirs: bool) -> None:
    sender, own = SENDERS["ed25519"], SENDERS["ed25519"].connection()
    settings = sender.settings()
    settings["auth"] |= {"networks": ["198.51.100.0/24", "2001:db8::/32"]}
    narrowed = replace(own, settings=own.settings.model_validate(settings))
    request: Received = replace(sender.request(BODY), client=client)
    if is_theirs:
        assert sender.heard(request, narrowed)
        request = sender.unsigned(request)
    with pytest.raises(Rejected) as refused:
        sender.heard(request, narrowed)
    assert (refused.value.reason == "wrong_network") is not is_theirs


class TestOverHTTP:
    async def test_the_edge_names_the_client(self, survey: Harness, account: UUID) -> None:
        sender = SENDERS["ed25519"]
        settings = sender.settings()
        settings["auth"] |= {"networks": ["198.51.100.0/24"]}
        client = survey.client(account=account)
        source = await connected(client, adapter="json", settings=settings, secrets=sender.secrets("ours"))
        headers = dict(sender.headers(BODY, sender.connection(), survey.clock.now()))
        for address, status in (("203.0.113.9", 401), ("198.51.100.7", 200)):
            answer = await survey.anonymous().post(
                path_of(source), content=BODY, headers=headers | {"x-forwarded-for": address}
            )
            assert answer.status_code == status

    async def test_the_keys_of_a_jwt_are_fetched_when_it_comes(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        platform = Recorded(("GET", "/keys", 200, JWKS))
        monkeypatch.setattr(GuardedPlatform, "request", platform.request)
        sender_keys.cache_clear()
        source = await connected(
            survey.client(account=account), adapter="json", settings=SENDERS["jwt"].settings(), secrets={}
        )
        for written, status in ((token(survey.clock.now()), 200), (token(survey.clock.now(), aud="another"), 401)):
            answer = await survey.anonymous().post(
                path_of(source), content=BODY, headers={"authorization": f"Bearer {written}"}
            )
            assert answer.status_code == status

    async def test_while_there_are_no_keys_the_sender_is_asked_to_wait(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def down(*_: Any, **__: Any) -> None:
            raise PlatformDown("no connection")

        monkeypatch.setattr(GuardedPlatform, "request", down)
        sender_keys.cache_clear()
        source = await connected(
            survey.client(account=account), adapter="json", settings=SENDERS["jwt"].settings(), secrets={}
        )
        headers = {"authorization": f"Bearer {token(survey.clock.now())}"}
        answer = await survey.anonymous().post(path_of(source), content=BODY, headers=headers)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


class TestSecrets:
    @pytest.mark.parametrize(
        ("auth", "secrets", "names"),
        [
            ({"kind": "bearer"}, {}, ["secrets"]),
            ({"kind": "hmac", "header": "x"}, {}, ["secrets"]),
            ({"kind": "basic"}, {"secrets": ["no colon"]}, ["secrets"]),
            ({"kind": "ed25519", "header": "x"}, {"secrets": ["c2hvcnQ="]}, ["secrets"]),
            ({"kind": "standard_webhooks"}, {"secrets": ["whsec_*"]}, ["secrets"]),
            ({"kind": "address"}, {}, []),
            (JWT, {}, []),
        ],
    )
    async def test_what_is_missing_is_named_when_a_source_is_connected(
        self, survey: Harness, account: UUID, auth: dict[str, Any], secrets: dict[str, Any], names: list[str]
    ) -> None:
        body = {"adapter": "json", "name": "Ours", "settings": {"auth": auth, "rules": [REVIEW]}, "secrets": secrets}
        answer = await survey.client(account=account).post("/v1/sources", json=body)
        assert answer.status_code == (422 if names else 201)
        assert [each["pointer"] for each in answer.json().get("errors", [])] == [f"/secrets/{name}" for name in names]

    async def test_and_when_settings_or_secrets_change(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        settings = {"auth": {"kind": "address"}, "rules": [REVIEW]}
        source = await connected(client, adapter="json", settings=settings, secrets={})
        path, signed = f"/v1/sources/{source['id']}", settings | {"auth": {"kind": "basic"}}
        assert (await client.patch(path, json={"settings": signed})).status_code == 422
        echo = settings | {"handshake": {"kind": "echo_query", "param": "challenge", "token_param": "token"}}
        [problem] = (await client.patch(path, json={"settings": echo})).json()["errors"]
        assert problem["pointer"] == "/secrets/handshake_token"
        assert (await client.post(f"{path}/secrets", json={"secrets": {"secrets": ["n:p"]}})).status_code == 200
        assert (await client.patch(path, json={"settings": signed})).status_code == 200
        assert (await client.post(f"{path}/secrets", json={"secrets": {"secrets": ["np"]}})).status_code == 422
