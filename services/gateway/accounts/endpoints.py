from uuid import UUID

from fastapi import BackgroundTasks, Request, Response

from services.gateway.accounts import service as accounts_service
from services.gateway.accounts.auth import AccountsWrite, SignedIn
from services.gateway.accounts.schemas import AccountChanges, AccountOpened, AccountOut, ActorOut, Me, NewAccount
from services.gateway.api_keys import service as api_keys_service
from services.gateway.api_keys.schemas import APIKeyOut
from services.gateway.exchange.service import credential_id, exchange_of
from services.gateway.sessions import service as sessions_service
from services.gateway.told_once import tell_once
from services.gateway.users import service as users_service
from services.gateway.users.passwords import passwords_of, random_password
from services.gateway.users.schemas import NewUser, PasswordChange, Role, UserOut
from shared.http.dependencies import IfMatch, RuntimeDep, principal_of, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1", tags=["accounts"])


@router.post("/accounts", status_code=201)
async def open_account(body: NewAccount, work: AccountsWrite, runtime: RuntimeDep, request: Request) -> AccountOpened:
    """Open another account, with its owner and a first API key: for platforms that serve many businesses."""
    made_up = random_password() if body.owner.password is None else None
    password_hash = await passwords_of(runtime).hash(body.owner.password or made_up or "")
    owner = NewUser(email=body.owner.email, name=body.owner.name, role=Role.OWNER)
    opened = await accounts_service.open_another(work, body, owner=owner, password_hash=password_hash)
    tell_once(request, "password", "api_key")
    return AccountOpened(
        account=AccountOut.model_validate(opened.account),
        owner=UserOut.model_validate(opened.owner),
        password=made_up,
        api_key=opened.api_key,
    )


@router.get("/accounts/current")
async def get_account(work: SignedIn, response: Response) -> AccountOut:
    """The account you are signed in to."""
    account = await accounts_service.get(work)
    set_etag(response, account.version)
    return AccountOut.model_validate(account)


@router.patch("/accounts/current")
async def change_account(
    body: AccountChanges, work: AccountsWrite, expected: IfMatch, response: Response
) -> AccountOut:
    """Change name, language or time zone of the account you are signed in to."""
    account = await accounts_service.change(work, body, expected_version=expected)
    set_etag(response, account.version)
    return AccountOut.model_validate(account)


@router.get("/me")
async def me(work: SignedIn, runtime: RuntimeDep, request: Request) -> Me:
    """Who you are: the account, what you may do, and the person or key behind the credential."""
    principal = principal_of(request)
    user = await users_service.of_actor(work)
    key_id = credential_id(principal, "key")
    session_id = credential_id(principal, "session")
    return Me(
        account=AccountOut.model_validate(await accounts_service.get(work)),
        actor=ActorOut.model_validate(work.actor),
        scopes=sorted(principal.scopes),
        user=UserOut.model_validate(user) if user else None,
        api_key=APIKeyOut.model_validate(await api_keys_service.get(work, key_id)) if key_id else None,
        csrf_token=await sessions_service.csrf_token(work, exchange_of(runtime), session_id) if session_id else None,
    )


@router.put("/me/password", status_code=204)
async def change_my_password(
    body: PasswordChange, work: SignedIn, runtime: RuntimeDep, background: BackgroundTasks
) -> None:
    """Change your own password. It ends all your sessions, this one too: sign in again with the new one."""
    await users_service.change_own_password(work, passwords_of(runtime), body)
    background.add_task(exchange_of(runtime).forget_user, UUID(work.actor.id))
