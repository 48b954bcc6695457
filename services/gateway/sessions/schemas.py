from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.gateway.users.schemas import LONGEST_PASSWORD, UserOut
from shared.http.schemas import Model


class SignIn(Model):
    """`account_id` is needed only by people who work in several accounts; without it the oldest membership counts."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=LONGEST_PASSWORD)
    account_id: UUID | None = None


class SessionOut(Model):
    """The session itself is in the cookie. Send `csrf_token` as `X-CSRF-Token` with everything but GET."""

    account_id: UUID
    user: UserOut
    scopes: list[str]
    csrf_token: str
    expires_at: datetime
