"""Words that are missing in a language, and places in them that nothing can fill."""

from collections.abc import Iterator

from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault, error, warning
from services.survey.definition.faults.places import Known, TextPlace, text_places
from services.survey.definition.faults.references import unknown
from services.survey.definition.piping import pipes


def faults(definition: Definition) -> Iterator[Fault]:
    known = Known.of(definition)
    for place in text_places(definition):
        yield from _translations(definition, place)
        yield from _pipes(known, place)


def _translations(definition: Definition, place: TextPlace) -> Iterator[Fault]:
    for locale in definition.locales:
        if not place.text.get(locale, "").strip():
            yield error(f"{place.pointer}/{locale}", "missing_translation", f"The words in `{locale}` are missing.")
    for locale in place.text:
        if locale not in definition.locales:
            detail = f"Nobody sees these: `{locale}` is not among the survey's `locales`."
            yield warning(f"{place.pointer}/{locale}", "unused_translation", detail)


def _pipes(known: Known, place: TextPlace) -> Iterator[Fault]:
    references = {}
    for locale, words in place.text.items():
        pointer = f"{place.pointer}/{locale}"
        found = list(pipes(words))
        references[locale] = {pipe.reference for pipe in found}
        for pipe in found:
            wrong = list(unknown(known, pipe.reference, pointer, place.until))
            yield from wrong
            if not wrong and not pipe.fallback and _may_lack(known, pipe.reference):
                detail = f"Where `{pipe.reference}` is not known nothing stands here; say what does after a `|`."
                yield warning(pointer, "no_fallback", detail)
    every = set().union(*references.values())
    for locale, has in references.items():
        if has != every:
            missing = ", ".join(sorted(every - has))
            detail = f"Other languages put in {missing} here, `{locale}` does not."
            yield warning(f"{place.pointer}/{locale}", "pipes_differ", detail)


def _may_lack(known: Known, reference: str) -> bool:
    kind, _, rest = reference.partition(".")
    if kind in ("variable", "response"):
        return False
    question = known.questions.get(rest.partition(".")[0]) if kind == "question" else None
    return question is None or not question.required or question.show_when is not None
