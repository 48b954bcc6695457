"""What can be wrong with a definition."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error keeps a survey from being published, a warning does not. `pointer`: JSON Pointer into the definition."""

    severity: Severity
    pointer: str
    code: str
    detail: str


def error(pointer: str, code: str, detail: str) -> Fault:
    return Fault("error", pointer, code, detail)


def warning(pointer: str, code: str, detail: str) -> Fault:
    return Fault("warning", pointer, code, detail)
