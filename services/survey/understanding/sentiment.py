"""How somebody feels, by their words: a linear model over words, word groups and the lexicon, one for each language.

Three outcomes with probabilities from a multinomial logistic regression; `score` is P(positive) - P(negative). Where a
language has a lexicon and no model, the lexicon's balance of good and bad words decides. docs/guides/understanding.md
says what the models were trained on and how well they do.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import exp
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from services.survey.understanding.features import PIECE_WEIGHT, Seen, Span, see
from services.survey.understanding.lexicon import Term, lexicon_of
from services.survey.understanding.met import Met
from services.survey.understanding.words import composed, pieces_of

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
    """`weights` by feature: what it adds to negative and to positive, against neutral."""

    version: str
    pieces: bool
    bias: tuple[float, float]
    weights: Mapping[str, tuple[float, float]]
    _met: "Met[tuple[float, float]]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_met", Met(self._of_word, _KNOWN_WORDS))

    def of_words(self, words: Iterable[str]) -> Iterator[tuple[float, float]]:
        """For each word the weights of its pieces together."""
        return map(self._met.__getitem__, words)

    def _of_word(self, word: str) -> tuple[float, float]:
        return _together(self.weights[piece] for piece in pieces_of(word) if piece in self.weights)


def read(text: str, language: str) -> Reading | None:
    """None where nothing tells: a language without a lexicon, or a text without a word."""
    language = language.split("-")[0].lower()
    lexicon = lexicon_of(language)
    if lexicon is None:
        return None
    model = model_of(language)
    text = composed(text)
    seen = see(text, lexicon, pieces=model is not None and model.pieces)
    if not seen.terms:
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
    known = model.weights
    found = [(name, known[name]) for name in seen.groups if name in known]
    low, high = _together(weights for _, weights in found)
    piece_low, piece_high = _together(model.of_words(seen.cut))
    negative = model.bias[0] + seen.scale * (low + PIECE_WEIGHT * piece_low)
    positive = model.bias[1] + seen.scale * (high + PIECE_WEIGHT * piece_high)
    for name, value in seen.signals.items():
        low, high = known.get(name, _NOTHING)
        negative += low * value
        positive += high * value
    top = max(negative, positive, 0.0)
    raw = (exp(negative - top), exp(-top), exp(positive - top))
    total = sum(raw)
    shares = [value / total for value in raw]
    score = shares[2] - shares[0]
    # Who leans both ways says nothing.
    best = shares.index(max(shares)) if abs(score) > _UNDECIDED else 1
    evidence: tuple[str, ...] = ()
    if best != 1:
        sign = 1.0 if best == 2 else -1.0
        places = seen.places()
        pull = {places[name]: sign * (high - low) * seen.scale for name, (low, high) in found}
        for at, value in enumerate(seen.weights):
            if value:
                pull[at, at] = pull.get((at, at), 0.0) + sign * value
        evidence = _evidence(text, seen, pull)
    return Reading(LABELS[best], score, shares[best], "model", model.version, evidence, _is_mixed(seen))


def _together(weights: Iterable[tuple[float, float]]) -> tuple[float, float]:
    negative = positive = 0.0
    for low, high in weights:
        negative += low
        positive += high
    return negative, positive


def _is_mixed(seen: Seen) -> bool:
    return min(seen.signals["#good"], seen.signals["#bad"]) >= _CLEAR


def _evidence(text: str, seen: Seen, pull: Mapping[Span, float]) -> tuple[str, ...]:
    """The strongest pulls towards the label that do not overlap, in the order of the text, each once."""
    if not pull:
        return ()
    taken: set[int] = set()
    chosen: list[Span] = []
    least = _LEAST_PULL * max(0.0, *pull.values())
    for place in sorted((place for place in pull if pull[place] > least), key=lambda place: -pull[place]):
        covered = range(place[0], place[1] + 1)
        telling = all(_is_word(seen.terms[at]) or seen.weights[at] for at in covered)
        if not telling or not taken.isdisjoint(covered):
            continue
        taken.update(covered)
        chosen.append(place)
        if len(chosen) == MOST_EVIDENCE:
            break
    begins, ends = seen.bounds(text)
    return tuple(dict.fromkeys(text[begins[first] : ends[last]] for first, last in sorted(chosen)))


def _is_word(term: Term) -> bool:
    """Not a mark, nor a link or a handle."""
    return term.folded[0].isalnum()


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
