"""What is wrong with a taxonomy: everything at once, each named with its place."""

from collections.abc import Iterator, Sequence

from services.survey.taxonomy.document import TopicDefinition
from services.survey.understanding.phrases import SHORTEST_STEM, words_in
from services.survey.understanding.topics import ANY
from shared.http.errors import FieldProblem

_MOST_WORDS = 8


def faults_of(topics: Sequence[TopicDefinition], pointers: Sequence[str]) -> list[FieldProblem]:
    """`pointers`: where each topic stands in the body. Of two topics in each other's way the later is named."""
    known = {topic.key: topic for topic in topics}
    found = [fault for topic, at in zip(topics, pointers, strict=True) for fault in _place_faults(topic, known, at)]
    keys: set[str] = set()
    taken: dict[tuple[str, ...], dict[str, TopicDefinition]] = {}
    for topic, at in zip(topics, pointers, strict=True):
        if topic.key in keys:
            found.append(FieldProblem(f"{at}/key", "taken", f"There is already a topic with the key `{topic.key}`."))
        keys.add(topic.key)
        if not topic.retired:
            found += _synonym_faults(topic, taken, at)
    return found


def _place_faults(topic: TopicDefinition, known: dict[str, TopicDefinition], at: str) -> Iterator[FieldProblem]:
    if topic.parent is None:
        return
    parent = known.get(topic.parent)
    pointer = f"{at}/parent"
    if parent is None:
        yield FieldProblem(pointer, "unknown", f"There is no topic with the key `{topic.parent}`.")
    elif parent is topic or parent.parent is not None:
        detail = f"`{topic.parent}` cannot have parts: there are two levels, and it is itself a part."
        yield FieldProblem(pointer, "too_deep", detail)
    elif parent.retired and not topic.retired:
        yield FieldProblem(pointer, "retired", f"`{topic.parent}` is retired; take it back first, or retire this too.")


def _synonym_faults(
    topic: TopicDefinition, taken: dict[tuple[str, ...], dict[str, TopicDefinition]], at: str
) -> Iterator[FieldProblem]:
    for language, synonyms in topic.synonyms.items():
        for number, synonym in enumerate(synonyms):
            pointer = f"{at}/synonyms/{language}/{number}"
            words = words_in(synonym)
            detail = _spelling_fault(synonym, words)
            if detail is not None:
                yield FieldProblem(pointer, "not_a_phrase", detail)
                continue
            others = taken.setdefault(tuple(words), {})
            for spoken, other in others.items():
                if other is not topic and (ANY in (spoken, language) or spoken == language):
                    detail = f"`{synonym}` already leads to `{other.key}`; one phrase leads to one topic."
                    yield FieldProblem(pointer, "taken", detail)
                    break
            else:
                others[language] = topic


def _spelling_fault(synonym: str, words: Sequence[str]) -> str | None:
    stems = [word[:-1] for word in words if word.endswith("*")]
    if not words:
        return "This has no letters or digits, so nothing would match it."
    if len(words) > _MOST_WORDS:
        return f"This has {len(words)} words; at most {_MOST_WORDS} are looked for together."
    if synonym.count("*") != len(stems):
        return "`*` stands at the end of a word only."
    if any(len(stem) < SHORTEST_STEM for stem in stems):
        return f"At least {SHORTEST_STEM} letters stand before `*`; fewer would match too much."
    return None
