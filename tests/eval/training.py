"""How the bundled models come about: `make train`, the same files every time from the same data.

A multinomial logistic regression over `services.survey.understanding.features`, fitted by scikit-learn. Features that
occur in one text only, and weights that round to nothing, are left out.
"""

import gzip
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from services.survey.understanding.features import see
from services.survey.understanding.lexicon import lexicon_of
from services.survey.understanding.sentiment import Model
from services.survey.understanding.words import composed
from tests.eval.datasets import SENTENCES, SNIPPETS, Rated, sentences, snippets, tweets

SEED: Final = 42
_LEAST_TEXTS: Final = 2
_SMALLEST_WEIGHT: Final = 0.02
_PLACES: Final = 2
# Raters agree on a feeling from here on; in between a snippet is neutral.
_FELT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Recipe:
    """`strength`: inverse of the regularisation. `lexicon`: how loud its signals are against the words.

    `prior`: how much its balance says on top of what was learned. Tweets use few of the words that customers use.
    """

    pieces: bool
    strength: float
    lexicon: float
    prior: float
    version: int


@dataclass(frozen=True, slots=True)
class Part:
    """One set of texts. `trust`: how much each of its rows counts."""

    name: str
    rows: Sequence[Rated]
    trust: float


ENGLISH: Final = Recipe(pieces=False, strength=10.0, lexicon=3.0, prior=0.0, version=1)
OTHERS: Final = Recipe(pieces=True, strength=3.0, lexicon=2.0, prior=1.0, version=2)


def recipe_of(language: str) -> Recipe:
    return ENGLISH if language == "en" else OTHERS


def parts_of(language: str) -> list[Part]:
    """What there is to learn a language from."""
    parts = [Part("tweets_8_languages", tweets(language, "train"), 1.0)]
    if language == "en":
        trusts = dict.fromkeys(SNIPPETS, 1.0) | {"nytEditorialSnippets": 0.5}
        parts += [Part(name, snippets(name), trusts[name]) for name in SNIPPETS]
        parts += [Part(name, sentences(name), 3.0) for name in SENTENCES]
    return parts


def train(language: str, parts: Sequence[Part], recipe: Recipe) -> Model:
    lexicon = lexicon_of(language)
    assert lexicon is not None
    seen: list[Mapping[str, float]] = []
    for part in parts:
        seen += [see(composed(row.text), lexicon, pieces=recipe.pieces).features() for row in part.rows]
    texts = Counter(name for features in seen for name in features)
    kept = {name for name, count in texts.items() if count >= _LEAST_TEXTS or name.startswith("#")}
    loud = [
        {name: value * (recipe.lexicon if name[0] == "#" else 1.0) for name, value in features.items() if name in kept}
        for features in seen
    ]
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform(loud)
    classes = [class_of(row.value) for part in parts for row in part.rows]
    trusts = [part.trust for part in parts for _ in part.rows]
    model = LogisticRegression(C=recipe.strength, max_iter=3_000, tol=1e-3, random_state=SEED)
    model.fit(matrix, classes, sample_weight=trusts)
    return _exported(language, recipe, vectorizer.get_feature_names_out(), model)


def class_of(value: float) -> int:
    return 1 if value >= _FELT else -1 if value <= -_FELT else 0


def _exported(language: str, recipe: Recipe, names: Any, model: Any) -> Model:
    negative, neutral, positive = model.coef_
    bias_negative, bias_neutral, bias_positive = model.intercept_
    weights: dict[str, tuple[float, float]] = {}
    for name, low, high in zip(names, negative - neutral, positive - neutral, strict=True):
        scale = recipe.lexicon if name[0] == "#" else 1.0
        if max(abs(low), abs(high)) >= _SMALLEST_WEIGHT:
            weights[str(name)] = (round(float(low) * scale, _PLACES), round(float(high) * scale, _PLACES))
    low, high = weights.get("#all", (0.0, 0.0))
    weights["#all"] = (round(low - recipe.prior, _PLACES), round(high + recipe.prior, _PLACES))
    bias = (round(float(bias_negative - bias_neutral), 4), round(float(bias_positive - bias_neutral), 4))
    return Model(f"{language}-{recipe.version}", recipe.pieces, bias, weights)


def packed(model: Model) -> bytes:
    """As the product reads it; without the time of packing, so that the same model is the same bytes."""
    parsed = {
        "version": model.version,
        "pieces": model.pieces,
        "bias": model.bias,
        "features": list(model.weights),
        "negative": [weights[0] for weights in model.weights.values()],
        "positive": [weights[1] for weights in model.weights.values()],
    }
    return gzip.compress(orjson.dumps(parsed), mtime=0)


def macro_f1(gold: Sequence[int], found: Sequence[int]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(np.array(gold), np.array(found), average="macro"))
