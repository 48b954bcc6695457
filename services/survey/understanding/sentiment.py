"""How somebody feels, by their words: a linear model over words, word groups and the lexicon, one for each language.

Three outcomes with probabilities from a multinomial logistic regression; `score` is P(positive) - P(negative). Where a
language has a lexicon and no model, the lexicon's balance of good and bad words decides. docs/guides/understanding.md
says what the models were trained on and how well they do.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from services.survey.understanding.features import PIECE_WEIGHT, Seen, see
from services.survey.understanding.lexicon import lexicon_of
from services.survey.understanding.met import Met
from services.survey.understanding.signs import VERSION, balance, signs_in
from services.survey.understanding.words import Span, composed, is_piece, pieces_of

# What something adds to negative and to positive, against neutral.
Weights = tuple[float, float]
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
# The same of signs, before it is levelled.
_CLEAR_SIGNS: Final = 1.5
_NOTHING: Final = (0.0, 0.0)
_KNOWN_WORDS: Final = 5_000


class Reading(NamedTuple):
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
    """`weights` by feature."""

    version: str
    pieces: bool
    bias: Weights
    weights: Mapping[str, Weights]
    # Groups of words alone: the less there is to look through, the faster it goes.
    groups: Mapping[str, Weights] = field(init=False, repr=False, compare=False)
    _met: "Met[Weights]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = {name: weights for name, weights in self.weights.items() if not is_piece(name)}
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "_met", Met(self._of_word, _KNOWN_WORDS))

    def of_words(self, words: Iterable[str]) -> Iterator[Weights]:
        """For each word the weights of its pieces together."""
        return map(self._met.__getitem__, words)

    def _of_word(self, word: str) -> Weights:
        return _together(self.weights[piece] for piece in pieces_of(word) if piece in self.weights)


def read(text: str, language: str | None) -> Reading | None:
    """None where nothing tells: a language without a lexicon, or a text without a word. Nothing but emoji is read alike
    in every language."""
    signs = signs_in(text)
    if signs is not None:
        return by_signs(signs)
    if language is None:
        return None
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


def by_signs(signs: Sequence[tuple[str, float]]) -> Reading:
    score = balance(signs)
    label = _by_balance(score)
    sign = 1.0 if label == "positive" else -1.0
    telling = [] if label == "neutral" else [written for written, weight in signs if sign * weight > 0]
    is_mixed = all(sum(max(side * weight, 0.0) for _, weight in signs) >= _CLEAR_SIGNS for side in (1.0, -1.0))
    evidence = tuple(dict.fromkeys(telling))[:MOST_EVIDENCE]
    return Reading(label, score, _by_how_much(score, label), "lexicon", VERSION, evidence, is_mixed)


def _by_balance(score: float) -> Label:
    return "positive" if score > _BALANCED else "negative" if score < -_BALANCED else "neutral"


def _by_how_much(score: float, label: Label) -> float:
    return abs(score) if label != "neutral" else 1.0 - abs(score)


def by_lexicon(text: str, seen: Seen, language: str) -> Reading:
    score = seen.signals["#all"]
    label = _by_balance(score)
    confidence = _by_how_much(score, label)
    evidence = _evidence(text, seen, [], label)
    return Reading(label, score, confidence, "lexicon", f"{language}-lexicon-1", evidence, _is_mixed(seen))


def by_model(text: str, seen: Seen, model: Model) -> Reading:
    known = model.groups
    found = [(place, known[group]) for group, place in seen.groups.items() if group in known]
    low, high = _together(weights for _, weights in found)
    piece_low, piece_high = _together(model.of_words(seen.cut))
    negative = model.bias[0] + seen.scale * (low + PIECE_WEIGHT * piece_low)
    positive = model.bias[1] + seen.scale * (high + PIECE_WEIGHT * piece_high)
    for name, value in seen.signals.items():
        low, high = model.weights.get(name, _NOTHING)
        negative += low * value
        positive += high * value
    top = max(negative, positive, 0.0)
    raw = (exp(negative - top), exp(-top), exp(positive - top))
    total = sum(raw)
    score = (raw[2] - raw[0]) / total
    # Who leans both ways says nothing.
    best = raw.index(max(raw)) if abs(score) > _UNDECIDED else 1
    evidence = _evidence(text, seen, found, LABELS[best])
    return Reading(LABELS[best], score, raw[best] / total, "model", model.version, evidence, _is_mixed(seen))


def _together(weights: Iterable[Weights]) -> Weights:
    negative = positive = 0.0
    for low, high in weights:
        negative += low
        positive += high
    return negative, positive


def _is_mixed(seen: Seen) -> bool:
    return min(seen.signals["#good"], seen.signals["#bad"]) >= _CLEAR


def _evidence(text: str, seen: Seen, found: Iterable[tuple[int, Weights]], label: Label) -> tuple[str, ...]:
    """The strongest pulls towards the label that do not overlap, in the order of the text, each once.

    `found`: what the model knows, by place, which pulls beside the lexicon.
    """
    if label == "neutral":
        return ()
    sign = 1.0 if label == "positive" else -1.0
    pull = {place: sign * (high - low) * seen.scale for place, (low, high) in found}
    for at, weight in enumerate(seen.weights):
        if weight:
            pull[at] = pull.get(at, 0.0) + sign * weight
    least = _LEAST_PULL * max(pull.values(), default=0.0)
    # Not marks, links and handles by themselves.
    telling = [term.folded[0].isalnum() or weight for term, weight in zip(seen.terms, seen.weights, strict=True)]
    taken: set[int] = set()
    chosen: list[Span] = []
    for _, place in sorted((-strength, place) for place, strength in pull.items() if strength > least):
        first, last = seen.span_of(place)
        covered = range(first, last + 1)
        if not taken.isdisjoint(covered) or not all(map(telling.__getitem__, covered)):
            continue
        taken.update(covered)
        chosen.append((first, last))
        if len(chosen) == MOST_EVIDENCE:
            break
    bounds = seen.bounds(text) if chosen else []
    return tuple(dict.fromkeys(text[bounds[first][0] : bounds[last][1]] for first, last in sorted(chosen)))


@cache
def model_of(language: str) -> Model | None:
    path = _FOLDER / f"{language}.json.gz"
    if not path.is_file():
        return None
    parsed: dict[str, Any] = orjson.loads(gzip.decompress(path.read_bytes()))
    names, negative, positive = parsed["features"], parsed["negative"], parsed["positive"]
    # Many features have the same weights, rounded as they are.
    same: dict[Weights, Weights] = {}
    pairs = (same.setdefault(pair, pair) for pair in zip(negative, positive, strict=True))
    weights = dict(zip(names, pairs, strict=True))
    return Model(parsed["version"], parsed["pieces"], tuple(parsed["bias"]), weights)
