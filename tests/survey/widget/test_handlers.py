"""Publishable keys, from the gateway's events in any order."""

from uuid import UUID

from sqlalchemy import select

from services.survey.widget.models import WidgetKey
from shared.auth.publishable import new_publishable_key
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.ids import new_id
from shared.testing.harness import Harness


async def stored(survey: Harness, account: UUID) -> list[WidgetKey]:
    async with survey.work(account) as work:
        return list(await work.session.scalars(select(WidgetKey).where(WidgetKey.account_id == account)))


def created(key_id: UUID, public_key: str) -> APIKeyCreated:
    return APIKeyCreated(
        api_key_id=key_id,
        name="Shop",
        scopes=("feedback:write",),
        kind="publishable",
        public_key=public_key,
        origins=("https://old.example",),
    )


async def test_news_that_overtake_the_key_itself_stay(survey: Harness, account: UUID) -> None:
    key_id, public_key = new_id(), new_publishable_key(account)
    changed = APIKeyUpdated(api_key_id=key_id, name="Shop", kind="publishable", origins=("https://new.example",))
    await survey.deliver(changed, account=account, subject=key_id, version=2)
    await survey.deliver(APIKeyRevoked(api_key_id=key_id), account=account, subject=key_id, version=3)
    await survey.deliver(created(key_id, public_key), account=account, subject=key_id)
    [key] = await stored(survey, account)
    assert (key.public_key, key.origins, key.is_revoked) == (public_key, ["https://new.example"], True)


async def test_older_origins_change_nothing(survey: Harness, account: UUID) -> None:
    key_id = new_id()
    await survey.deliver(created(key_id, new_publishable_key(account)), account=account, subject=key_id)
    for version, origin in ((3, "https://third.example"), (2, "https://second.example")):
        changed = APIKeyUpdated(api_key_id=key_id, name="Shop", kind="publishable", origins=(origin,))
        await survey.deliver(changed, account=account, subject=key_id, version=version)
    [key] = await stored(survey, account)
    assert key.origins == ["https://third.example"]


async def test_a_secret_key_is_not_kept(survey: Harness, account: UUID) -> None:
    secret = APIKeyCreated(api_key_id=new_id(), name="Backend", scopes=("responses:write",))
    await survey.deliver(secret, account=account, subject=secret.api_key_id)
    assert await stored(survey, account) == []
