"""The model that accounts teach: the same when it is fitted and when it is read."""

from typing import Any

import pytest

from services.survey.learning.fitting import fit, held_out
from services.survey.learning.lessons import Row
from services.survey.learning.linear import LinearModel, packed, unpacked
from tests.survey.learning.lessons import rows, texts

LABELS = ("negative", "neutral", "positive")


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return fit(rows(), LABELS, "softmax")


def test_it_learns_words_it_was_taught_and_says_which(model: LinearModel) -> None:
    for label in LABELS:
        for text in texts(label, 5, seed=99):
            shares = model.shares(text, {})
            assert max(shares, key=lambda one: shares[one]) == label
            assert sum(shares.values()) == pytest.approx(1)
    text = "Well, the GRIBBLE: zonk as ever!"
    assert "GRIBBLE" in " ".join(model.evidence(text, "negative"))
    assert all(words in text for words in model.evidence(text, "negative"))


def test_what_it_never_saw_makes_it_unsure(model: LinearModel) -> None:
    """Seen to fail: if unknown words did not count in a text's length, one known word would decide."""
    known = model.shares("the gribble went zonk again", {})["negative"]
    strange = model.shares("the gribble " + " ".join(f"unheard{number}" for number in range(30)), {})["negative"]
    assert known > 0.8
    assert strange < 0.6


def test_it_is_stored_as_numbers_without_words(model: LinearModel) -> None:
    content = packed(model)
    again = unpacked(content)
    assert again == model
    assert packed(again) == content
    assert all(word not in content for word in (b"gribble", b"zonk", b"florp"))
    assert packed(fit(rows(), LABELS, "softmax")) == content


@pytest.mark.parametrize("cut", [slice(None, -7), slice(40, None), slice(0, 0)])
def test_what_is_no_model_is_refused(model: LinearModel, cut: slice) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        unpacked(packed(model)[cut])


def test_topics_hold_each_by_itself_and_signals_are_weighed() -> None:
    both: list[Row] = [
        Row(text=f"{one} {number}", labels=labels, signals=signals)
        for number in range(15)
        for one, labels, signals in (
            ("zonk", ["smell"], {}),
            ("florp", ["looks"], {}),
            ("zonk florp", ["looks", "smell"], {}),
            ("plimp", ["delivery"], {"topic:delivery": 1.0}),
            ("plimp", [], {}),
        )
    ]
    model = fit(both, ["delivery", "looks", "smell"], "sigmoid")
    shares = model.shares("zonk and florp", {})
    assert shares["smell"] > 0.5
    assert shares["looks"] > 0.5
    assert shares["delivery"] < 0.5
    assert model.shares("plimp", {"topic:delivery": 1.0})["delivery"] > 0.5 > model.shares("plimp", {})["delivery"]


def test_held_out_rows_were_not_seen() -> None:
    odd = [*rows(), Row(text="qwxyz qwxyz", labels=["positive"])]
    shares: list[dict[str, Any]] = list(held_out(odd, LABELS, "softmax"))
    assert len(shares) == len(odd)
    assert shares[-1]["positive"] < 0.5
