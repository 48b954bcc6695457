from uuid import UUID

from fastapi import BackgroundTasks, Request, Response
from sqlalchemy import select

from services.gateway.exchange.service import exchange_of
from services.gateway.told_once import tell_once
from services.gateway.users import service as users_service
from services.gateway.users.auth import UsersRead, UsersWrite
from services.gateway.users.models import User
from services.gateway.users.passwords import passwords_of, random_password
from services.gateway.users.schemas import NewUser, UserChanges, UserCreated, UserOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, principal_of, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/users", tags=["users"])


@router.post("", status_code=201)
async def add_user(
    body: NewUser, work: UsersWrite, runtime: RuntimeDep, request: Request, response: Response
) -> UserCreated:
    """Let a person work in the account. If the request has no password, the answer tells the one that was made up."""
    made_up = random_password() if body.password is None else None
    password_hash = await passwords_of(runtime).hash(body.password or made_up or "")
    scopes = principal_of(request).scopes
    user = await users_service.add(work, body, password_hash=password_hash, caller_scopes=scopes)
    set_etag(response, user.version)
    tell_once(request, "password")
    return UserCreated(**UserOut.model_validate(user).model_dump(), password=made_up)


@router.get("")
async def list_users(work: UsersRead, page: PageQuery) -> Page[UserOut]:
    """The people who may work in the account, in the order they were added."""
    statement = select(User).where(User.account_id == work.account_id, User.removed_at.is_(None))
    found = await paginate(work.session, statement, page, keys=(User.id.asc(),))
    return found.map(UserOut.model_validate)


@router.get("/{user_id}")
async def get_user(user_id: UUID, work: UsersRead, response: Response) -> UserOut:
    """One person."""
    user = await users_service.get(work, user_id)
    set_etag(response, user.version)
    return UserOut.model_validate(user)


@router.patch("/{user_id}")
async def change_user(
    user_id: UUID,
    body: UserChanges,
    work: UsersWrite,
    runtime: RuntimeDep,
    request: Request,
    response: Response,
    background: BackgroundTasks,
    if_match: IfMatch,
) -> UserOut:
    """Change name, role or password. A new password signs the person out everywhere."""
    password_hash = await passwords_of(runtime).hash(body.password) if body.password is not None else None
    user = await users_service.change(
        work,
        user_id,
        body,
        password_hash=password_hash,
        caller_scopes=principal_of(request).scopes,
        expected_version=if_match,
    )
    background.add_task(exchange_of(runtime).forget_user, user.id)
    set_etag(response, user.version)
    return UserOut.model_validate(user)


@router.delete("/{user_id}", status_code=204)
async def remove_user(
    user_id: UUID, work: UsersWrite, runtime: RuntimeDep, request: Request, background: BackgroundTasks
) -> None:
    """Sign a person out and let them in no more. API keys they made stay: those belong to the account."""
    await users_service.remove(work, user_id, caller_scopes=principal_of(request).scopes)
    background.add_task(exchange_of(runtime).forget_user, user_id)
