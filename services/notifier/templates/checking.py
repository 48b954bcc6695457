"""Templates are checked in the environment that renders them."""

from services.notifier.templates.rendering import environment_for_checks
from shared.expressions import templates
from shared.expressions.shapes import Schema


def check(source: str, shape: Schema, *, pointer: str) -> None:
    """Raises `Unacceptable` naming the variable that does not exist, or what is not allowed."""
    templates.check(source, shape, environment_for_checks(), pointer=pointer)
