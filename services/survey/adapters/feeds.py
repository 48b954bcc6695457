"""RSS and Atom: what others write about you, found by keywords in feeds that you name.

Asked for in turns with `ETag` and `Last-Modified` (RFC 9110, section 13.1), so that an unchanged feed costs nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import re2
from pydantic import Field

from services.survey.adapters.base import AccessDenied, Capabilities, Connection, Platform, Poll, Polled, Unreadable
from services.survey.adapters.reviews import readable
from services.survey.adapters.syndication import Entry, entries_of
from services.survey.hearing.canonical import Author, FeedbackItem, version_of
from shared.http.schemas import Model

_ACCEPT: Final = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1"
_LONGEST_ID: Final = 500


class FeedSettings(Model):
    """One source is one feed; a search at a news site or forum often has a feed of its own."""

    url: str = Field(pattern=r"^https?://\S+$", max_length=2_000, description="The address of the RSS or Atom feed.")
    keywords: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Only entries with one of these words or phrases are heard, in capitals or not; empty: all.",
    )


class Feeds(Poll):
    """Each entry is a mention."""

    name: ClassVar[str] = "feeds"
    title: ClassVar[str] = "RSS and Atom"
    capabilities: ClassVar[Capabilities] = Capabilities(push=False, poll=True)
    settings: ClassVar[type[Model]] = FeedSettings
    every: ClassVar[timedelta] = timedelta(hours=1)
    setup: ClassVar[Sequence[str]] = ("Enter the feed's address, and the words by which a mention of you is known.",)

    def asks(self, settings: FeedSettings) -> Mapping[str, str]:
        return {"url": settings.url}

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """`cursor`: `etag` and `modified`, as the feed named its last state, and `url`, whose state that was."""
        settings: FeedSettings = connection.settings
        headers = {"Accept": _ACCEPT}
        if cursor.get("url") == settings.url:
            known = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
            headers |= {name: value for name, value in known.items() if value}
        answer = await platform.request("GET", settings.url, headers=headers)
        if answer.status == 304:
            return Polled([], dict(cursor))
        if answer.status in {401, 403}:
            raise AccessDenied(f"the feed is not shown to us: status {answer.status}")
        if answer.status != 200:
            raise Unreadable(f"The feed was answered with status {answer.status}.")
        entries = await asyncio.to_thread(entries_of, answer.body)
        wanted = _pattern(settings.keywords)
        items = [_item(entry, now) for entry in entries if wanted.search(f"{entry.title or ''}\n{entry.text or ''}")]
        state = {"etag": answer.headers.get("etag"), "modified": answer.headers.get("last-modified")}
        kept = {name: value for name, value in state.items() if value}
        return Polled(items, {"url": settings.url, **kept} if kept else {})


def _pattern(keywords: list[str]) -> Any:
    """Words stand by themselves: `ann` is not found in `planned`. In linear time."""
    words = "|".join(re2.escape(word.strip()) for word in keywords if word.strip())
    return re2.compile(rf"(?i)(?:^|[^\pL\pN])(?:{words})(?:$|[^\pL\pN])" if words else "")


def _item(entry: Entry, now: datetime) -> FeedbackItem:
    """One without a name of its own is known by its link, or by its words."""
    content = version_of([entry.title, entry.text])
    name = entry.name or entry.link or content
    with readable():
        return FeedbackItem(
            external_id=name if len(name) <= _LONGEST_ID else version_of(name),
            external_version=content,
            occurred_at=entry.written_at or now,
            time_confidence="exact" if entry.written_at else "assumed",
            kind="mention",
            channel="feeds",
            title=entry.title,
            text=entry.text,
            language=entry.language,
            author=Author(name=entry.author),
            url=entry.link,
        )
