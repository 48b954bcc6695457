"""What adapters say they can do is what they can do, and what the guide says."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.survey.adapters.base import Adapter, Capabilities, Poll, Push, Replies
from services.survey.adapters.registry import adapters

GUIDE = Path(__file__).parents[3] / "docs/guides/reviews.md"
REVIEWS = (
    *("google_business", "trustpilot", "facebook", "yelp", "judgeme", "stamped", "yotpo"),
    *("app_store", "google_play", "feeds"),
)


def row(adapter: Adapter) -> str:
    able = adapter.capabilities
    ways = {"pushed": able.push, _asked(adapter): able.poll}
    cells = (
        adapter.title,
        ", ".join(way for way, is_there in ways.items() if is_there),
        "words and rating" if able.text else "rating and link",
        _reply(able),
        "yes" if able.deletions else "no",
        "all"
        if able.poll and able.look_back is None
        else f"{able.look_back.days} days"
        if able.look_back
        else "nothing",
    )
    return f"| {' | '.join(cells)} |"


def _asked(adapter: Adapter) -> str:
    if not isinstance(adapter, Poll):
        return ""
    return "asked every hour" if adapter.every == timedelta(hours=1) else "asked every night"


def _reply(able: Capabilities) -> str:
    if not able.reply:
        return "no"
    return "yes" if able.reply_limit is None else f"{able.reply_limit:,} characters"


def test_the_guide_says_what_the_adapters_say() -> None:
    table = [line for line in GUIDE.read_text().splitlines() if line.startswith("| ")][1:]
    assert table[: len(REVIEWS)] == [row(adapters()[name]) for name in REVIEWS]


@pytest.mark.parametrize("adapter", adapters().values(), ids=adapters())
def test_capabilities_are_real(adapter: Adapter) -> None:
    able = adapter.capabilities
    assert able.push == isinstance(adapter, Push)
    assert able.poll == isinstance(adapter, Poll)
    assert able.reply == isinstance(adapter, Replies)
    assert able.reply_limit is None or able.reply


@pytest.mark.parametrize("name", REVIEWS)
def test_each_field_says_where_its_value_is_found(name: str) -> None:
    adapter = adapters()[name]
    for form in (adapter.settings, adapter.secrets):
        assert [field for field, about in form.model_fields.items() if not about.description] == []


@pytest.mark.parametrize("adapter", adapters().values(), ids=adapters())
def test_each_says_what_to_do_at_the_sender(adapter: Adapter) -> None:
    assert adapter.setup
    assert any("{url}" in step for step in adapter.setup) == isinstance(adapter, Push)
