import asyncio

from fastapi import BackgroundTasks, Request, Response

from services.gateway.accounts.auth import SignedIn
from services.gateway.audit import trail
from services.gateway.exchange.credentials import refuse_foreign_origin
from services.gateway.exchange.service import credential_id, exchange_of
from services.gateway.sessions import service as sessions_service
from services.gateway.sessions import throttle
from services.gateway.sessions.cookie import expired_cookie, session_cookie
from services.gateway.sessions.schemas import SessionOut, SignIn
from services.gateway.sessions.service import Member, WrongCredentials
from services.gateway.settings import GatewaySettings
from services.gateway.users.passwords import passwords_of
from services.gateway.users.schemas import UserOut
from shared.auth.scopes import ROLES
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import RuntimeDep, principal_of, public_work
from shared.http.errors import Conflict
from shared.http.routing import APIRouter

# A refusal takes this long whatever it was that did not fit, so that its timing tells nothing about who exists.
REFUSAL_SECONDS = 0.4

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


class NotASession(Conflict):
    """You came with an API key, and there is nothing to sign out of. Revoke the key to end its use."""

    code = "not_a_session"


@router.post("", status_code=201)
async def sign_in(body: SignIn, request: Request, response: Response, runtime: RuntimeDep) -> SessionOut:
    """Sign in with e-mail address and password. The answer sets the session cookie.

    Five attempts a minute are looked at for one e-mail address from one place.
    """
    settings: GatewaySettings = runtime.settings
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    refuse_foreign_origin(origin.encode(), host.encode(), settings.public_url)
    answer_at = asyncio.get_running_loop().time() + REFUSAL_SECONDS
    email, client = body.email.strip().lower(), request.client.host if request.client else ""
    await throttle.count_attempt(runtime, email, client)
    member = await sessions_service.find_member(runtime, email, body.account_id)
    passwords = passwords_of(runtime)
    fits = await passwords.fits(body.password, member.password_hash if member else None)
    if member is None or not fits:
        if member is not None:
            await _record_refusal(request, member)
        await asyncio.sleep(answer_at - asyncio.get_running_loop().time())
        raise WrongCredentials
    async with public_work(request, member.account_id, _actor(member)) as work:
        user, session, token = await sessions_service.start(
            work, member, passwords, body.password, lifetime=settings.session_lifetime
        )
    await throttle.forgive(runtime, email, client)
    response.headers["Set-Cookie"] = session_cookie(settings, token)
    response.headers["Cache-Control"] = "no-store"
    return SessionOut(
        account_id=user.account_id,
        user=UserOut.model_validate(user),
        scopes=sorted(ROLES[user.role]),
        csrf_token=exchange_of(runtime).csrf_token(session.token_hash),
        expires_at=session.expires_at,
    )


@router.delete("/current", status_code=204)
async def sign_out(
    work: SignedIn, request: Request, response: Response, runtime: RuntimeDep, background: BackgroundTasks
) -> None:
    """End the session you are in."""
    principal = principal_of(request)
    session_id = credential_id(principal, "session")
    if session_id is None:
        raise NotASession
    await sessions_service.end(work, session_id)
    background.add_task(exchange_of(runtime).forget, principal.credential)
    response.headers["Set-Cookie"] = expired_cookie(runtime.settings)


async def _record_refusal(request: Request, member: Member) -> None:
    async with public_work(request, member.account_id, _actor(member)) as work:
        await trail.record(work, type="heed.gateway.session.refused", subject=str(member.user_id))


def _actor(member: Member) -> Actor:
    return Actor(ActorKind.HUMAN, str(member.user_id))
