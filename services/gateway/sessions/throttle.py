"""Guessing passwords is slow: attempts are counted per minute, before the password is looked at.

In the database, so that replicas count together, and by keyed hash, so that the table names nobody.
"""

import hmac
import ipaddress
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from services.gateway.sessions.models import SignInAttempts
from services.gateway.settings import GatewaySettings
from shared.http.errors import TooMany
from shared.service import Runtime

# For one address whose guesses come from many places, and for one place that tries many addresses.
WIDER: Final = 10
_MINUTE: Final = 60
_KEPT_MINUTES: Final = 60


class TooManyAttempts(TooMany):
    """Too many attempts to sign in. Wait a minute, then try again."""

    code = "too_many_attempts"


async def count_attempt(runtime: Runtime, email: str, client: str) -> None:
    """Raises `TooManyAttempts`. Unknown addresses are counted like known ones."""
    settings: GatewaySettings = runtime.settings
    limit = settings.sign_ins_per_minute
    place = _network(client)
    limits = {
        _bucket(settings, email, place): limit,
        _bucket(settings, email, ""): limit * WIDER,
        _bucket(settings, "", place): limit * WIDER,
    }
    seconds = int(runtime.clock.now().timestamp())
    minute = seconds // _MINUTE
    # In one order everywhere, so that two of them never wait for each other.
    rows = [{"bucket": bucket, "minute": minute, "attempts": 1} for bucket in sorted(limits)]
    statement = insert(SignInAttempts).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=["bucket", "minute"], set_={"attempts": SignInAttempts.attempts + 1}
    )
    async with runtime.database.transaction(None) as session:
        counted = await session.execute(statement.returning(SignInAttempts.bucket, SignInAttempts.attempts))
        over = any(attempts > limits[bucket] for bucket, attempts in counted)
        await session.execute(delete(SignInAttempts).where(SignInAttempts.minute < minute - _KEPT_MINUTES))
    if over:
        raise TooManyAttempts(retry_after=_MINUTE - seconds % _MINUTE)


async def forgive(runtime: Runtime, email: str, client: str) -> None:
    """Whoever signed in had only mistyped before."""
    bucket = _bucket(runtime.settings, email, _network(client))
    async with runtime.database.transaction(None) as session:
        await session.execute(delete(SignInAttempts).where(SignInAttempts.bucket == bucket))


def _bucket(settings: GatewaySettings, email: str, place: str) -> bytes:
    return hmac.digest(settings.derived_key("sign-in"), f"{email}\n{place}".encode(), "sha256")


def _network(client: str) -> str:
    """One household or office has a whole /64 of IPv6 to itself."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
