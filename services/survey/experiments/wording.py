"""An experiment's own words for the invitation: what in them could not be sent."""

import unicodedata
from collections.abc import Iterator, Sequence

from services.survey.definition.document import Definition
from services.survey.definition.faults.places import Known
from services.survey.definition.faults.references import unknown
from services.survey.definition.piping import pipes, without_pipes
from services.survey.experiments.schemas import Variant
from shared.http.errors import FieldProblem, Unacceptable

# Control characters, and the separators of lines and paragraphs: whatever a mail program may end a line at.
_BREAKS = ("Cc", "Zl", "Zp")


def require_fit(definition: Definition, variants: Sequence[Variant]) -> None:
    """Raises `Unacceptable` with all that is wrong. Nothing is answered yet, so no answer can be put in."""
    known = Known.of(definition)
    found: list[FieldProblem] = []
    for index, variant in enumerate(variants):
        for name, words in (("subject", variant.subject), ("text", variant.text)):
            found += _problems(known, words or "", f"/variants/{index}/{name}")
        if any(unicodedata.category(character) in _BREAKS for character in variant.subject or ""):
            found.append(FieldProblem(f"/variants/{index}/subject", "line_break", "A subject is a single line."))
    if found:
        raise Unacceptable(found[0].detail, errors=tuple(found))


def _problems(known: Known, words: str, pointer: str) -> Iterator[FieldProblem]:
    for pipe in pipes(words):
        for fault in unknown(known, pipe.reference, pointer, until=0):
            yield FieldProblem(pointer, fault.code, fault.detail)
    if "{{" in without_pipes(words):
        detail = "Two braces begin what is filled in, such as `{{hidden.shop|our shop}}`; these do not."
        yield FieldProblem(pointer, "bad_pipe", detail)
