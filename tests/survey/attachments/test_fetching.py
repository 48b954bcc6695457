"""Pictures that lie with their sender are fetched and kept as any attachment, or it is said why not.

Seen to fail: what was erased meanwhile kept all the same.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.survey.adapters.base import AccessDenied, PlatformDown, Unreadable
from services.survey.adapters.platform import GuardedPlatform
from services.survey.app import SERVICE
from services.survey.attachments.fetching import MEDIA
from services.survey.fetching.questions import LONGEST_PAUSE
from services.survey.hearing.canonical import Author, FeedbackItem, Media
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.hearing.making import Sender, heard
from tests.survey.sources.toy import connected

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb00430001010101") + b"\x00" * 200
URL = "https://api.twilio.com/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages/MM1/Media/ME"


class Pictures:
    """What Twilio answers for each address; an exception is raised."""

    def __init__(self, survey: Harness, account: UUID) -> None:
        self.survey, self.account = survey, account
        self.client: httpx.AsyncClient = survey.client(account=account)
        self.there: dict[str, bytes | Exception | None] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def download(self, url: str, *, headers: dict[str, str], at_most: int) -> bytes | None:
        # The queue serves all accounts, those of other tests too.
        if url not in self.there:
            raise PlatformDown("not of this test")
        self.asked.append((url, headers))
        found = self.there[url]
        if isinstance(found, Exception):
            raise found
        return found

    async def come(self, **there: bytes | Exception | None) -> UUID:
        urls = {name: f"{URL}{self.account.hex}{name}" for name in there}
        self.there = {urls[name]: found for name, found in there.items()}
        made = await connected(self.client, adapter="twilio", settings={}, secrets={"signing_secrets": ["token"]})
        item = FeedbackItem(
            external_id="MM1",
            occurred_at=self.survey.clock.now(),
            author=Author(phone="+4930123456"),
            kind="message",
            channel="whatsapp",
            text="Look at this",
            media=tuple(Media(url=url) for url in urls.values()),
        )
        [one] = await heard(self.survey, self.account, Sender(UUID(made["id"]), "twilio"), item)
        assert one.feedback_id is not None
        return one.feedback_id

    async def fetch(self) -> None:
        await MEDIA.run_due(self.survey.runtime)

    async def listed(self, feedback_id: UUID) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get(f"/v1/feedback/{feedback_id}/attachments")).json()["data"]
        return found


@pytest.fixture
async def pictures(harness: HarnessFactory, account: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    made = Pictures(await harness(SERVICE, files_folder=str(tmp_path / "files")), account)
    monkeypatch.setattr(GuardedPlatform, "download", lambda _, url, **how: made.download(url, **how))
    return made


async def test_a_picture_is_kept_and_given_out(pictures: Pictures) -> None:
    feedback_id = await pictures.come(one=JPEG)
    assert await pictures.listed(feedback_id) == []
    for _ in range(2):
        await pictures.fetch()
    [kept] = await pictures.listed(feedback_id)
    assert (kept["media_type"], kept["size"], kept["refused"]) == ("image/jpeg", len(JPEG), None)
    [(url, headers)] = pictures.asked
    assert (url.startswith(URL), headers["Authorization"].startswith("Basic ")) == (True, True)
    answer = await pictures.client.get(f"/v1/feedback/{feedback_id}/attachments/{kept['id']}/content")
    assert (answer.content, answer.headers["content-disposition"][:10]) == (JPEG, "attachment")


async def test_what_is_not_kept_says_why(pictures: Pictures) -> None:
    feedback_id = await pictures.come(large=None, gone=Unreadable("404"), program=b"MZ and so on", fine=JPEG)
    await pictures.fetch()
    listed = await pictures.listed(feedback_id)
    assert [each["refused"] for each in listed] == ["too_large", "unreachable", "dangerous", None]


@pytest.mark.parametrize("problem", [PlatformDown("answered 502"), AccessDenied("status 401")])
async def test_is_tried_again_and_given_up(pictures: Pictures, problem: Exception) -> None:
    feedback_id = await pictures.come(one=problem)
    await pictures.fetch()
    assert await pictures.listed(feedback_id) == []
    for _ in range(10):
        pictures.survey.clock.advance(LONGEST_PAUSE + timedelta(minutes=1))
        await pictures.fetch()
    [lost] = await pictures.listed(feedback_id)
    assert (lost["refused"], lost["size"], len(pictures.asked)) == ("unreachable", 0, 10)


async def test_what_others_keep_is_not_asked_for(pictures: Pictures) -> None:
    made = await connected(pictures.client, adapter="twilio", settings={}, secrets={"signing_secrets": ["token"]})
    item = FeedbackItem(
        external_id="MM2",
        occurred_at=pictures.survey.clock.now(),
        author=Author(phone="+4930123456"),
        kind="message",
        channel="sms",
        media=(Media(url=(elsewhere := "https://evil.example/Accounts/x")),),
    )
    pictures.there = {elsewhere: JPEG}
    [one] = await heard(pictures.survey, pictures.account, Sender(UUID(made["id"]), "twilio"), item)
    await pictures.fetch()
    assert one.feedback_id is not None
    assert (pictures.asked, await pictures.listed(one.feedback_id)) == ([], [])


async def test_of_somebody_who_was_erased_meanwhile_nothing_is_kept(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    feedback_id = await pictures.come(one=JPEG)

    async def erased_while_asked(_: GuardedPlatform, url: str, **how: Any) -> bytes:
        async with pictures.survey.work(pictures.account) as work:
            gone = text("update survey.heard_items set content = null where feedback_id = :id")
            await work.session.execute(gone, {"id": feedback_id})
        return JPEG

    monkeypatch.setattr(GuardedPlatform, "download", erased_while_asked)
    await pictures.fetch()
    assert await pictures.listed(feedback_id) == []
