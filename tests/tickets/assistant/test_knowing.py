"""The model that tells articles apart, and how sure it is. On all of clinc150 it is measured by `make eval`."""

import os
from itertools import islice

import pytest

from services.tickets.assistant.knowing import ANSWERS_AT, packed, unpacked
from services.tickets.assistant.learning import fit
from tests.eval.datasets import intents

ROWS = [
    *((text, "returns") for text in ("How do I get a refund?", "Can I send it back?", "Return my boots")),
    *((text, "shipping") for text in ("Where is my parcel?", "When does it arrive?", "How long is delivery?")),
]


class TestAModel:
    def test_tells_articles_apart_and_knows_strangers(self) -> None:
        model = fit(ROWS)
        sure = model.ranked("I would like a refund for my boots")
        assert (sure[0].label, sure[0].confidence >= ANSWERS_AT) == ("returns", True)
        for said in ("Who won the championship?", "zxqv", "", "?!"):
            assert model.ranked(said)[0].confidence < ANSWERS_AT

    def test_is_the_same_after_it_was_kept(self) -> None:
        model = fit(ROWS)
        assert unpacked(packed(model)).ranked("refund please") == model.ranked("refund please")


def test_some_intents_of_clinc150_are_known_and_what_is_none_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ.get("HEED_TEST_DATA")
    if not folder:
        pytest.skip("no evaluation data: HEED_TEST_DATA names none")
    monkeypatch.setenv("HEED_DATA", folder)
    data = intents()
    chosen = sorted({intent for _, intent in data["train"]})[:15]
    model = fit([row for row in data["train"] if row[1] in chosen])
    inside = [row for row in data["test"] if row[1] in chosen]
    right = 0
    for text, intent in inside:
        best = model.ranked(text)[0]
        right += best.label == intent and best.confidence >= ANSWERS_AT
    outside = [text for text, _ in islice(data["oos_test"], 300)]
    left = sum(model.ranked(text)[0].confidence < ANSWERS_AT for text in outside)
    assert right / len(inside) >= 0.85
    assert left / len(outside) >= 0.50
