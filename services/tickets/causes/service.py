"""Causes: what lies behind a complaint, named by a topic of the account's two levels."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.tickets.cases.models import Ticket
from services.tickets.causes.models import Topics
from services.tickets.feedback.models import KnownFeedback
from shared.contracts.taxonomy import TaxonomyTopic
from shared.http.errors import Unacceptable
from shared.work import Work

_BETWEEN_LEVELS: Final = " › "


@dataclass(frozen=True, slots=True)
class Causes:
    """The topics of an account by key; none if they have not been heard of."""

    topics: Mapping[str, TaxonomyTopic]

    def present(self, key: str) -> str:
        """What the topic is called today, if it was merged into others since."""
        seen: set[str] = set()
        while key not in seen and (topic := self.topics.get(key)) is not None and topic.merged_into is not None:
            seen.add(key)
            key = topic.merged_into
        return key

    def former(self, key: str) -> list[str]:
        """The key and those that were merged into it."""
        return [key, *(other for other in self.topics if other != key and self.present(other) == key)]

    def label(self, key: str) -> str:
        """In words, below the topic it is a part of: `Delivery › Late`."""
        topic = self.topics.get(key)
        if topic is None:
            return key
        parent = self.topics.get(topic.parent or "")
        return f"{parent.name}{_BETWEEN_LEVELS}{topic.name}" if parent is not None else topic.name

    def is_part(self, key: str) -> bool:
        topic = self.topics.get(key)
        return topic is not None and topic.parent is not None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A cause that the customer's own words speak for."""

    key: str
    name: str
    evidence: list[str]


async def of_account(work: Work) -> Causes:
    copy = await work.session.get(Topics, work.account_id)
    topics = [TaxonomyTopic.model_validate(topic) for topic in (copy.topics if copy is not None else [])]
    return Causes({topic.key: topic for topic in topics})


async def check(work: Work, key: str, pointer: str = "/root_cause") -> None:
    """Raises `Unacceptable` for what is not a topic in use. Where the topics have not been heard of, nobody's work is
    held up by that."""
    causes = await of_account(work)
    topic = causes.topics.get(key)
    if not causes.topics or (topic is not None and not topic.retired):
        return
    detail = "This is not the key of a topic in use; GET /v1/taxonomy lists them."
    if topic is not None and topic.merged_into is not None:
        detail = f"This topic was merged into `{causes.present(key)}`."
    raise Unacceptable.field(pointer, "unknown_cause", detail)


async def suggested(work: Work, ticket: Ticket) -> list[Suggestion]:
    """The topics of the feedback that the ticket came from: parts before wholes, those with most words first."""
    said = await _feedback_of(work, ticket)
    if said is None:
        return []
    causes = await of_account(work)
    words: dict[str, Counter[str]] = {}
    for key, evidence in said.topics.items():
        words.setdefault(causes.present(key), Counter()).update(evidence)
    ordered = sorted(words, key=lambda key: (not causes.is_part(key), -words[key].total(), key))
    return [Suggestion(key, causes.label(key), list(words[key])) for key in ordered if _is_in_use(causes, key)]


async def _feedback_of(work: Work, ticket: Ticket) -> KnownFeedback | None:
    if ticket.feedback_id is None:
        return None
    return await work.session.get(KnownFeedback, (work.account_id, ticket.feedback_id))


def _is_in_use(causes: Causes, key: str) -> bool:
    topic = causes.topics.get(key)
    return topic is None or not topic.retired
