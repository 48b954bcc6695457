"""How somebody feels, by their words: a linear model over words, word groups and the lexicon, one for each language.

Three outcomes with probabilities from a multinomial logistic regression; `score` is P(positive) - P(negative). Where a
language has a lexicon and no model, the lexicon's balance of good and bad words decides. docs/guides/understanding.md
says what the models were trained on and how well they do.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import exp
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from services.survey.understanding.features import PIECE_WEIGHT, Seen, composed, pieces_of, see
from services.survey.understanding.lexicon import lexicon_of
from services.survey.understanding.words import Word

Label = Literal["negative", "neutral", "positive"]
LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")
_FOLDER: Final = Path(__file__).parent / "models"
# Between these, the lexicon's balance says nothing.
_BALANCED: Final = 0.1
_UNDECIDED: Final = 0.15
# What pulls less than this part of the strongest word is not why.
_LEAST_PULL: Final = 0.15
MOST_EVIDENCE: Final = 6
# What a side weighs at least to be there at all: one word such as "good".
_CLEAR: Final = 0.35
_NOTHING: Final = (0.0, 0.0)
_KNOWN_WORDS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Reading:
    """`score` from -1 to 1; `confidence` that of the label, 0..1; `evidence`: the words that led there, as written.

    `method`: "model" or "lexicon"; `version`: which one, such as "de-1". `mixed`: there is clear praise and blame.
    """

    label: Label
    score: float
    confidence: float
    method: Literal["model", "lexicon"]
    version: str
    evidence: tuple[str, ...]
    mixed: bool


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` by feature: what it adds to negative and to positive, against neutral. `words`: those met lately, with
    what their pieces add."""

    version: str
    pieces: bool
    bias: tuple[float, float]
    weights: Mapping[str, tuple[float, float]]
    words: dict[str, tuple[float, float]] = field(default_factory=dict)

    def of_word(self, word: str) -> tuple[float, float]:
        """The weights of its pieces together."""
        known = self.words.get(word)
        if known is None:
            found = [self.weights[piece] for piece in pieces_of(word) if piece in self.weights]
            known = sum(low for low, _ in found), sum(high for _, high in found)
            if len(self.words) >= _KNOWN_WORDS:
                self.words.clear()
            self.words[word] = known
        return known


def read(text: str, language: str) -> Reading | None:
    """None where nothing tells: a language without a lexicon, or a text without a word."""
    language = language.split("-")[0].lower()
    lexicon = lexicon_of(language)
    if lexicon is None or not text.strip():
        return None
    model = model_of(language)
    text = composed(text)
    seen = see(text, lexicon, pieces=model is not None and model.pieces)
    if not seen.words:
        return None
    return by_lexicon(text, seen, language) if model is None else by_model(text, seen, model)


def by_lexicon(text: str, seen: Seen, language: str) -> Reading:
    score = seen.signals["#all"]
    label: Label = "positive" if score > _BALANCED else "negative" if score < -_BALANCED else "neutral"
    sign = 1.0 if label != "negative" else -1.0
    pull = {(at, at): weight * sign for at, weight in enumerate(seen.weights) if weight} if label != "neutral" else {}
    confidence = abs(score) if label != "neutral" else 1.0 - abs(score)
    return Reading(
        label, score, confidence, "lexicon", f"{language}-lexicon-1", _evidence(text, seen, pull), _is_mixed(seen)
    )


def by_model(text: str, seen: Seen, model: Model) -> Reading:
    negative, positive = model.bias
    known = model.weights
    found = [(place, known[name]) for name, place in seen.places.items() if name in known]
    for _, (low, high) in found:
        negative += low * seen.scale
        positive += high * seen.scale
    for word in seen.cut:
        low, high = model.of_word(word)
        negative += low * seen.scale * PIECE_WEIGHT
        positive += high * seen.scale * PIECE_WEIGHT
    for name, value in seen.signals.items():
        low, high = known.get(name, _NOTHING)
        negative += low * value
        positive += high * value
    top = max(negative, positive, 0.0)
    raw = (exp(negative - top), exp(-top), exp(positive - top))
    shares = [value / sum(raw) for value in raw]
    score = shares[2] - shares[0]
    # Who leans both ways says nothing.
    best = shares.index(max(shares)) if abs(score) > _UNDECIDED else 1
    pull: dict[tuple[int, int], float] = {}
    if best != 1:
        sign = 1.0 if best == 2 else -1.0
        for place, (low, high) in found:
            pull[place] = sign * (high - low) * seen.scale
        for at, value in enumerate(seen.weights):
            if value:
                pull[at, at] = pull.get((at, at), 0.0) + sign * value
    return Reading(
        LABELS[best], score, shares[best], "model", model.version, _evidence(text, seen, pull), _is_mixed(seen)
    )


def _is_mixed(seen: Seen) -> bool:
    return min(seen.signals["#good"], seen.signals["#bad"]) >= _CLEAR


def _evidence(text: str, seen: Seen, pull: Mapping[tuple[int, int], float]) -> tuple[str, ...]:
    """The strongest pulls towards the label that do not overlap, in the order of the text, each once."""
    taken: set[int] = set()
    chosen: list[tuple[int, int]] = []
    least = _LEAST_PULL * max(pull.values(), default=0.0)
    for place in sorted((place for place in pull if pull[place] > least), key=lambda place: -pull[place]):
        covered = set(range(place[0], place[1] + 1))
        telling = all(_is_word(seen.words[at]) or seen.weights[at] for at in covered)
        if not telling or covered & taken:
            continue
        taken |= covered
        chosen.append(place)
        if len(chosen) == MOST_EVIDENCE:
            break
    spans = (text[seen.words[first].start : seen.words[last].end] for first, last in sorted(chosen))
    return tuple(dict.fromkeys(spans))


def _is_word(word: Word) -> bool:
    """Not a mark, nor a link or a handle."""
    return word.folded[0].isalnum()


@cache
def model_of(language: str) -> Model | None:
    path = _FOLDER / f"{language}.json.gz"
    if not path.is_file():
        return None
    parsed: dict[str, Any] = orjson.loads(gzip.decompress(path.read_bytes()))
    names, negative, positive = parsed["features"], parsed["negative"], parsed["positive"]
    # Many features have the same weights, rounded as they are.
    same: dict[tuple[float, float], tuple[float, float]] = {}
    pairs = (same.setdefault(pair, pair) for pair in zip(negative, positive, strict=True))
    weights = dict(zip(names, pairs, strict=True))
    return Model(parsed["version"], parsed["pieces"], tuple(parsed["bias"]), weights)
