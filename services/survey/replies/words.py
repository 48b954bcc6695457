"""Templates of answers, filled in for one review."""

from collections.abc import Mapping

from services.survey.definition.piping import filled_with, pipes
from services.survey.feedback.models import Feedback
from shared.http.errors import FieldProblem, Unacceptable

NAMES = ("name", "business", "product", "order")


def check(text: str) -> None:
    """Raises `Unacceptable` that names every unknown variable."""
    unknown = sorted({pipe.reference for pipe in pipes(text)} - set(NAMES))
    if unknown:
        known = ", ".join(f"{{{{{name}}}}}" for name in NAMES)
        problems = (FieldProblem("/text", "unknown_variable", f"There is no {{{{{one}}}}}.") for one in unknown)
        raise Unacceptable(f"These can be filled in: {known}.", errors=tuple(problems))


def filled_for(text: str, feedback: Feedback, business: str) -> str:
    """Public words: a first name is what people sign with, so no more than that is said."""
    return filled_with(text, _values(feedback, business)).strip()


def _values(feedback: Feedback, business: str) -> Mapping[str, str]:
    first = (feedback.author_name or "").split()
    return {
        "name": first[0] if first else "",
        "business": business,
        "product": feedback.product_ref or "",
        "order": feedback.order_ref or "",
    }
