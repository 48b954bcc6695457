import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.survey.adapters.base import AccessDenied, Connection, NoSettings, Unreadable
from services.survey.adapters.feeds import Feeds, FeedSettings
from services.survey.adapters.syndication import MOST_ENTRIES, entries_of
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import NOW
from tests.survey.adapters.platforms import Recorded

RSS = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><language>de</language><link>https://news.example/</link>
<item><title>Gr\xfc\xdfe von Lumen</title><link>https://news.example/1</link><guid isPermaLink="false">n-1</guid>
<pubDate>Mon, 23 Nov 2026 10:00:00 +0100</pubDate><dc:creator>Uwe</dc:creator>
<description>Kurz</description>
<content:encoded><![CDATA[<p>Die <b>Lumen</b>-Lampe flackert.</p>]]></content:encoded></item>
<item><title>Illumination</title><link>https://news.example/2</link></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Forum</title>
<entry><id>tag:forum.example,2026:7</id><title type="html">Is &amp;lt;b&amp;gt;lumen&amp;lt;/b&amp;gt; any good?</title>
<link rel="self" href="https://forum.example/7.atom"/><link href="https://forum.example/7"/>
<author><name>Kim</name><email>kim@example.com</email></author>
<published>2026-11-22T08:00:00Z</published><updated>2026-11-23T08:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Mine <em>broke</em>.</p></div></content></entry>
</feed>"""
ADAPTER = Feeds()


def connection(*keywords: str) -> Connection:
    settings = FeedSettings(url="https://news.example/feed", keywords=list(keywords))
    return Connection(uuid4(), uuid4(), settings, NoSettings(), "")


async def heard(body: bytes, *keywords: str) -> list[FeedbackItem]:
    told = await ADAPTER.poll(connection(*keywords), Recorded(("GET", "/feed", 200, body)), {}, NOW)
    return [item for item in told.items if isinstance(item, FeedbackItem)]


async def test_an_entry_of_rss_is_a_mention() -> None:
    item, other = await heard(RSS)

    assert (item.external_id, item.kind, item.title) == ("n-1", "mention", "Grüße von Lumen")
    assert (item.text, item.author.name, item.language) == ("Die Lumen-Lampe flackert.", "Uwe", "de")
    assert (item.occurred_at, item.url) == (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "https://news.example/1")
    # One without a name is known by its link, and without a time it was written when it was found.
    assert (other.external_id, other.occurred_at, other.time_confidence) == ("https://news.example/2", NOW, "assumed")


async def test_an_entry_of_atom_is_one_too() -> None:
    (item,) = await heard(ATOM)

    assert (item.external_id, item.url, item.author.name) == (
        "tag:forum.example,2026:7",
        "https://forum.example/7",
        "Kim",
    )
    assert (item.text, item.language) == ("Mine broke.", "en")
    assert item.occurred_at == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keywords", "found"),
    [([], 2), (["lumen"], 1), (["LUMEN-lampe"], 1), (["grüße von"], 1), (["ILLUMINATION", "x"], 1), (["lum", "a+"], 0)],
)
async def test_keywords_are_whole_words_in_any_case(keywords: list[str], found: int) -> None:
    assert len(await heard(RSS, *keywords)) == found


async def test_an_unchanged_feed_is_not_read_again() -> None:
    source = connection()
    tagged = Recorded(
        ("GET", "/feed", 200, RSS), headers={"etag": 'W/"7"', "last-modified": "Mon, 23 Nov 2026 10:00:00 GMT"}
    )
    first = await ADAPTER.poll(source, tagged, {}, NOW)
    unchanged = Recorded(("GET", "/feed", 304, b""))
    second = await ADAPTER.poll(source, unchanged, first.cursor, NOW)

    assert unchanged.sent[0].headers["If-None-Match"] == 'W/"7"'
    assert unchanged.sent[0].headers["If-Modified-Since"] == "Mon, 23 Nov 2026 10:00:00 GMT"
    assert (second.items, second.cursor) == ([], first.cursor)
    # Another address has another state.
    moved = Recorded(("GET", "/feed", 200, RSS))
    await ADAPTER.poll(source, moved, {**first.cursor, "url": "https://old.example/feed"}, NOW)
    assert "If-None-Match" not in moved.sent[0].headers


async def test_a_corrected_entry_is_a_new_version() -> None:
    first, second = [(await heard(body))[0] for body in (RSS, RSS.replace(b"flackert", b"leuchtet"))]
    assert first.external_id == second.external_id
    assert first.external_version != second.external_version


@pytest.mark.parametrize(("status", "problem"), [(404, Unreadable), (401, AccessDenied)])
async def test_a_feed_that_is_away_is_told(status: int, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        await ADAPTER.poll(connection(), Recorded(("GET", "/feed", status, b"")), {}, NOW)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Not found</body></html>",
        b"<rss><channel><item>",
        f"<!DOCTYPE rss [{LAUGHS}]><rss><channel><item><title>&l9;</title></item></channel></rss>".encode(),
        b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><title>&x;</title></item></rss>',
        b"<rss>" + b"<a>" * 100_000,
        b"<rss>" + b"<a " * 100_000,
        b"<rss>" + b"<!--" * 100_000,
        b'<?xml version="1.0" encoding="klingon"?><rss/>',
        "<rss>".encode("utf-16") + b"\x00",
    ],
)
def test_hostile_feeds_are_refused_at_once(body: bytes) -> None:
    began = time.thread_time()
    with pytest.raises(Unreadable):
        entries_of(body)
    assert time.thread_time() - began < 1


def test_a_long_feed_is_read_as_far_as_the_first_entries() -> None:
    item = b"<item><title>a</title><guid>x</guid><link>javascript:alert(1)</link></item>"
    entries = entries_of(b"<rss><channel>" + item * 5_000 + b"</channel></rss>")

    assert len(entries) == MOST_ENTRIES
    assert entries[0].link is None
