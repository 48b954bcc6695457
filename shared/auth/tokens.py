"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 7519, RFC 8037). The gateway signs, everyone verifies."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.errors import Unauthenticated

ISSUER = "heed"
LIFETIME = timedelta(minutes=5)
# The same token comes with each request of a client until it is renewed; checking its signature once is enough.
_CACHE_SIZE = 4_096
# A verifier's clock may be behind the gateway's.
_LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, as the gateway found out. `credential` identifies the key or session, for limits and audit."""

    account_id: UUID
    actor: Actor
    scopes: frozenset[str]
    credential: str


class TokenSigner:
    """Holds the private key; lives in the gateway only."""

    def __init__(self, private_key_pem: str) -> None:
        self._key = OKPKey.import_key(private_key_pem)

    def sign(self, principal: Principal, *, now: datetime, lifetime: timedelta = LIFETIME) -> str:
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": str(principal.actor),
            "acc": str(principal.account_id),
            "scope": " ".join(sorted(principal.scopes)),
            "crd": principal.credential,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode({"alg": "Ed25519", "typ": "JWT"}, claims, self._key, algorithms=["Ed25519"])


class TokenVerifier:
    """Holds the public key. Tokens that verified are remembered until they expire."""

    def __init__(self, public_key_pem: str) -> None:
        self._key = OKPKey.import_key(public_key_pem) if public_key_pem else None
        self._verified: OrderedDict[str, tuple[Principal, int]] = OrderedDict()

    def verify(self, token: str, *, now: datetime) -> Principal:
        """Raises `Unauthenticated` for anything but a token of ours that is still good."""
        seconds = now.timestamp()
        known = self._verified.get(token)
        if known is not None:
            if seconds < known[1] + _LEEWAY_SECONDS:
                return known[0]
            del self._verified[token]
        principal, expires = self._check(token, seconds)
        self._verified[token] = (principal, expires)
        if len(self._verified) > _CACHE_SIZE:
            self._verified.popitem(last=False)
        return principal

    def _check(self, token: str, seconds: float) -> tuple[Principal, int]:
        if self._key is None:
            raise Unauthenticated("This service has no key to check tokens with.")
        try:
            claims = jwt.decode(token, self._key, algorithms=["Ed25519"]).claims
            if claims["iss"] != ISSUER or claims["aud"] != ISSUER:
                raise Unauthenticated
            expires = int(claims["exp"])
            if seconds >= expires + _LEEWAY_SECONDS or seconds + _LEEWAY_SECONDS < int(claims["iat"]):
                raise Unauthenticated("The token has expired. Sign in again.")
            kind, _, actor_id = str(claims["sub"]).partition(":")
            principal = Principal(
                account_id=UUID(claims["acc"]),
                actor=Actor(ActorKind(kind), actor_id),
                scopes=frozenset(str(claims["scope"]).split()),
                credential=str(claims["crd"]),
            )
        except (JoseError, KeyError, ValueError, TypeError) as problem:
            raise Unauthenticated from problem
        return principal, expires


def new_key_pair() -> tuple[str, str]:
    """A fresh Ed25519 pair as PEM: private, public."""
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private_pem.decode(), public_pem.decode()
