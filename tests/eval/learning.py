"""What an account's own model adds, with the product's own training, calibration and reading.

Corrections: 2,000 rows of a set play what people corrected, other rows of it are read afterwards. The built-in reading
beside it never saw the set: English by a model that learned from the other sets, the other languages by their lexicon.
The yardstick is TF-IDF with logistic regression trained on the same rows, the better of words alone and of words with
pieces of words.

Abstention: clinc150 (Larson et al. 2019, CC BY 3.0). Its intents are the topics; the threshold is where, of the
validation set, three in five texts that are about none of them are left alone.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.survey.emerging.clustering import grouped
from services.survey.emerging.service import LEAST_TEXTS
from services.survey.learning.calibration import one_of
from services.survey.learning.fitting import fit, learn
from services.survey.learning.lessons import Lesson, Row
from services.survey.learning.linear import LinearModel, unpacked
from services.survey.learning.models import PRECISION
from tests.eval.datasets import SNIPPETS, TWEET_LANGUAGES, Rated, intents, snippets, tweets
from tests.eval.sentiment import readings, without
from tests.eval.training import SEED, class_of, macro_f1

CORRECTIONS: Final = 2_000
UNSEEN: Final = 2_000
_LABELS: Final = ("negative", "neutral", "positive")
_LEFT_ALONE: Final = 0.6


class Learned:
    """One line of the table: macro-F1 on rows that nothing here has seen."""

    def __init__(self, what: str, built_in: float, own: float, together: float, yardstick: float) -> None:
        self.what, self.built_in, self.own, self.together, self.yardstick = what, built_in, own, together, yardstick


def learned() -> Iterator[Learned]:
    for name in SNIPPETS:
        rows = snippets(name)
        random.Random(SEED).shuffle(rows)
        yield _learned(name, rows[:CORRECTIONS], rows[CORRECTIONS : CORRECTIONS + UNSEEN], "en", without(name))
    for language in TWEET_LANGUAGES:
        if language != "en":
            train, unseen = tweets(language, "train"), tweets(language, "val")
            yield _learned(f"{language} tweets", train, unseen, language, None)


def _learned(what: str, corrected: Sequence[Rated], unseen: Sequence[Rated], language: str, built_in: Any) -> Learned:
    lesson, said = _lesson(corrected, language, built_in)
    found = learn(lesson)
    thresholds, _ = one_of(found.held_out, [row.labels[0] for row in lesson.rows], said, PRECISION)
    model = unpacked(found.bytes)
    test, base = _lesson(unseen, language, built_in)
    gold = [class_of(row.value) for row in unseen]
    alone, together = [], []
    for row, label in zip(test.rows, base, strict=True):
        shares = model.shares(row.text, row.signals)
        best = max(shares, key=lambda one: shares[one])
        alone.append(best)
        together.append(best if shares[best] >= thresholds["at_least"] else label)
    return Learned(
        f"{what}, after {len(corrected):,}",
        macro_f1(gold, _numbers(base)),
        macro_f1(gold, _numbers(alone)),
        macro_f1(gold, _numbers(together)),
        _yardstick(corrected, unseen),
    )


def _lesson(rows: Sequence[Rated], language: str, built_in: Any) -> tuple[Lesson, list[str]]:
    found = readings(rows, language, built_in)
    made = [
        Row(
            text=row.text,
            labels=[_LABELS[class_of(row.value) + 1]],
            signals={"score": reading.score, "strength": abs(reading.score), reading.label: 1.0},
        )
        for row, reading in zip(rows, found, strict=True)
    ]
    return Lesson(rows=made, labels=list(_LABELS), link="softmax"), [reading.label for reading in found]


def _numbers(labels: Sequence[str]) -> list[int]:
    return [_LABELS.index(label) - 1 for label in labels]


def _yardstick(train: Sequence[Rated], test: Sequence[Rated]) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    best = 0.0
    for features in (words, make_union(words, pieces)):
        for strength in (1.0, 10.0):
            model = make_pipeline(features, LogisticRegression(C=strength, max_iter=2_000))
            model.fit([row.text for row in train], [class_of(row.value) for row in train])
            found = [int(label) for label in model.predict([row.text for row in test])]
            best = max(best, macro_f1([class_of(row.value) for row in test], found))
    return best


def abstention() -> tuple[float, float, float]:
    """In-scope accuracy, an abstention being a mistake; out-of-scope recall; the accuracy if it never abstained."""
    data = intents()
    rows = [Row(text=text, labels=[intent]) for text, intent in data["train"]]
    model = fit(rows, sorted({intent for _, intent in data["train"]}), "sigmoid")
    foreign = sorted(_best(model, text)[1] for text, _ in data["oos_val"])
    threshold = foreign[round(_LEFT_ALONE * len(foreign))]
    found = [(intent, *_best(model, text)) for text, intent in data["test"]]
    right = sum(best == intent and sure >= threshold for intent, best, sure in found) / len(found)
    ever = sum(best == intent for intent, best, _ in found) / len(found)
    left = sum(_best(model, text)[1] < threshold for text, _ in data["oos_test"]) / len(data["oos_test"])
    return right, left, ever


def _best(model: LinearModel, text: str) -> tuple[str, float]:
    shares = model.shares(text, {})
    best = max(shares, key=lambda one: shares[one])
    return best, shares[best]


def emerging(seed: int) -> tuple[int, float, int]:
    """Twelve intents, of 40 texts each, among 400 texts about anything: how many intents have a group of which they are
    seven in ten or more, how many of the texts in a group are of its main intent, and how many groups there are."""
    data = intents()
    draw = random.Random(seed)
    by_intent: dict[str, list[str]] = {}
    for text, intent in data["train"]:
        by_intent.setdefault(intent, []).append(text)
    said = [(text, "") for text, _ in data["oos_test"][:400]]
    for intent in draw.sample(sorted(by_intent), 12):
        said += [(text, intent) for text in draw.sample(by_intent[intent], 40)]
    draw.shuffle(said)
    main = []
    for group in grouped([text for text, _ in said], LEAST_TEXTS):
        [(intent, count)] = Counter(said[at][1] for at in group.members).most_common(1)
        main.append((intent, count, len(group.members)))
    found = {intent for intent, count, size in main if intent and count >= 0.7 * size}
    return len(found), sum(count for _, count, _ in main) / sum(size for _, _, size in main), len(main)
