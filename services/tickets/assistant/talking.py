"""What the assistant does with what was said: answer, ask back, say that it does not know, or hand over. Pure rules.

It answers only with a passage of a public article, which it names. It asks back at most twice in a conversation.
Whoever wants a person gets one, before anything else is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.tickets.assistant import signals
from services.tickets.assistant.knowing import ANSWERS_AT, ASKS_AT
from services.tickets.assistant.models import LineKind
from services.tickets.assistant.retrieval import Candidate
from shared.contracts.conversations import HandoffReason

MOST_CLARIFICATIONS: Final = 2
MOST_UNKNOWNS: Final = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """`offered`: the articles, by id and title, that it asks to choose from. `model`: the external one whose words
    these are."""

    kind: LineKind
    text: str
    citations: Sequence[dict[str, Any]] = ()
    confidence: float | None = None
    offered: Sequence[tuple[str, str]] = field(default=())
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Phrased:
    """What an external model made of a question, before the conversation was looked at. `sent_to`: the model; `text`
    rests on the articles `cited`, and is None if there was nothing to be used."""

    sent_to: str
    text: str | None
    cited: Sequence[str]


@dataclass(frozen=True, slots=True)
class HandOver:
    reason: HandoffReason


@dataclass(frozen=True, slots=True)
class Known:
    """What was said before: questions of the customer, articles shown, and how often it asked back or knew nothing."""

    asked: Sequence[str] = ()
    shown: Sequence[str] = ()
    clarifications: int = 0
    unknowns: int = 0


def at_once(said: str, known: Known, policy_words: Sequence[str]) -> HandOver | None:
    """What goes to a person without looking for an answer."""
    if signals.asks_for_person(said) or (known.unknowns and signals.agrees(said)):
        return HandOver("customer_asked")
    if signals.is_for_people(said, policy_words):
        return HandOver("policy")
    if signals.is_angry(said):
        return HandOver("sentiment")
    if signals.plain(said) in {signals.plain(one) for one in known.asked}:
        return HandOver("repeated_question")
    return None


def needs_articles(said: str, known: Known, offered: Mapping[str, str], policy_words: Sequence[str]) -> bool:
    """Whether it is for articles to answer: nobody asks for a person, for their tickets, or for what is offered."""
    decided = signals.chosen(said, offered) or at_once(said, known, policy_words) or signals.asks_for_status(said)
    return not decided


def respond(found: Sequence[Candidate], known: Known, words: Any, phrased: Phrased | None = None) -> Reply | HandOver:
    """An answer if one article is probable enough; a question back if some may be; else the truth."""
    if phrased is not None and (worded := _in_other_words(found, known, phrased)) is not None:
        return worded
    best = found[0] if found else None
    if best is not None and best.confidence >= ANSWERS_AT:
        return answer(best) if best.article_id not in known.shown else HandOver("repeated_question")
    possible = [one for one in found if one.confidence >= ASKS_AT and one.article_id not in known.shown]
    if possible and known.clarifications < MOST_CLARIFICATIONS:
        options = "\n".join(f"{place}. {one.title}" for place, one in enumerate(possible, 1))
        offered = tuple((one.article_id, one.title) for one in possible)
        return Reply("clarify", words["clarify"].format(options=options), offered=offered)
    if known.unknowns + 1 >= MOST_UNKNOWNS:
        return HandOver("does_not_know")
    return Reply("unknown", words["unknown"])


def _in_other_words(found: Sequence[Candidate], known: Known, phrased: Phrased) -> Reply | None:
    """Only if the articles it rests on may still answer, and not if the customer has seen all of them already."""
    cited = [one for one in found if one.article_id in phrased.cited]
    if phrased.text is None or not cited or len(cited) < len(phrased.cited):
        return None
    if all(one.article_id in known.shown for one in cited):
        return None
    citations = tuple(one.citation for one in cited)
    return Reply("answer", phrased.text, citations, cited[0].confidence, model=phrased.sent_to)


def answer(candidate: Candidate) -> Reply:
    text = candidate.passage or candidate.title
    return Reply("answer", text, (candidate.citation,), candidate.confidence)
