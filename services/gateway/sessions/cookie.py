"""The session's cookie: out of reach of scripts, and not sent along by other sites' forms."""

from services.gateway.exchange.secrets import COOKIE
from services.gateway.settings import GatewaySettings


def session_cookie(settings: GatewaySettings, token: str) -> str:
    """`Set-Cookie` for a new session. `Secure` whenever Heed is reached over HTTPS."""
    return f"{COOKIE}={token}; {_attributes(settings)}; Max-Age={int(settings.session_lifetime.total_seconds())}"


def expired_cookie(settings: GatewaySettings) -> str:
    """`Set-Cookie` that makes a browser forget the session."""
    return f"{COOKIE}=; {_attributes(settings)}; Max-Age=0"


def _attributes(settings: GatewaySettings) -> str:
    secure = "; Secure" if settings.public_url.startswith("https://") else ""
    return f"Path=/; HttpOnly; SameSite=Lax{secure}"
