"""Senders that sign with JWTs (RFC 7519): their public keys, and the checks that all of them need."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from services.survey.adapters.base import KeysNeeded, Platform, PlatformDown, Rejected

_A_MINUTE: Final = timedelta(minutes=1)
_DAILY: Final = timedelta(days=1)
# Of the sender's clock.
_LEEWAY: Final = timedelta(minutes=1)
_LONGEST_TOKEN: Final = 8_192


class SenderKeys:
    """The keys at `url` (JWKS, RFC 7517), kept in memory. They are public, and the same for all accounts.

    A token may name any key: so they are fetched at most once a minute, whatever comes.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: KeySet | None = None
        self._tried_at: datetime | None = None

    async def fetch(self, platform: Platform) -> None:
        """Raises as `Platform`."""
        now = platform.now()
        if self._was_tried(now):
            if self._keys is None:
                raise PlatformDown("the sender's keys could not be fetched a moment ago")
            return
        self._tried_at = now
        answer = await platform.request("GET", self._url)
        try:
            self._keys = KeySet.import_key_set(answer.content)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise PlatformDown("the sender's keys cannot be read") from None

    def claims(self, token: str, now: datetime, algorithms: Sequence[str] = ("RS256",)) -> dict[str, Any]:
        """Of a token with a good signature that is valid now. `algorithms` are those with public keys (RFC 7518,
        section 3.1): whoever took HS256 here would take the public key for a secret.

        Raises `Rejected` or `KeysNeeded`.
        """
        if len(token) > _LONGEST_TOKEN:
            raise Rejected("malformed_signature")
        if self._keys is None or (self._tried_at is not None and now - self._tried_at > _DAILY):
            raise KeysNeeded
        try:
            decoded = jwt.decode(token, self._keys, algorithms=list(algorithms))
        except InvalidKeyIdError:
            # Perhaps it is a new one.
            if self._was_tried(now):
                raise Rejected("wrong_signature") from None
            raise KeysNeeded from None
        except BadSignatureError:
            raise Rejected("wrong_signature") from None
        except JoseError:
            raise Rejected("malformed_signature") from None
        _check_time(decoded.claims, now)
        return decoded.claims

    def _was_tried(self, now: datetime) -> bool:
        return self._tried_at is not None and abs(now - self._tried_at) < _A_MINUTE


def _check_time(claims: dict[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise Rejected("malformed_signature")
    if expires < (now - _LEEWAY).timestamp():
        raise Rejected("stale")
    if issued > (now + _LEEWAY).timestamp():
        raise Rejected("future")
