"""What the CEL library says of a condition, in one plain sentence: it speaks of tokens, overloads and parser states."""

import re
from typing import Final

# Of several complaints the first counts: the later ones mostly follow from it.
_SYNTAX: Final = re.compile(r"<input>:(\d+):(\d+): Syntax error: ([^\n]*)")
_MACRO: Final = re.compile(r"<input>:(\d+):(\d+): ([^\n]*(?:argument|macro)[^\n]*)")
_MISSING: Final = re.compile(r"missing '(.+)' at '")
_EXPECTED: Final = re.compile(r"(?:mismatched|extraneous) input '(.+)' expecting (.*)")
_OTHER: Final = re.compile(r".* (?:at|at input|input): ?'(.+)'|.* at input '(.+)'")
_NAMED: Final = re.compile(r"Undefined variable or function: '([^']*)'")
# What people write who come from other languages.
_MEANT: Final = {"=": "==", "and": "&&", "or": "||", "not": "!", "=<": "<=", "=>": ">="}
_LONGEST_QUOTE: Final = 40


def of_syntax(problem: str) -> str:
    """`The condition cannot be read at column 13: ...`"""
    found = _SYNTAX.search(problem) or _MACRO.search(problem)
    if found is None:
        return "The condition cannot be read."
    line, column, told = found.groups()
    place = f"column {column}" if line == "1" else f"line {line}, column {column}"
    return f"The condition cannot be read at {place}: {_reason(told)}."


def of_evaluation(problem: str) -> str:
    """Of a condition that can be read and not be worked out."""
    named = _NAMED.search(problem)
    if named is not None:
        return f"There is no function `{named[1]}` for what it is given here."
    if problem.startswith("No such overload"):
        return "Values of kinds that do not go together are compared or combined, such as a text with a number."
    return f"The condition cannot be worked out: {problem.partition(chr(10))[0][:200].rstrip('.')}."


def _reason(told: str) -> str:
    if missing := _MISSING.match(told):
        return f"`{missing[1]}` is missing"
    if expected := _EXPECTED.match(told):
        there, wanted = expected[1], _expected(expected[2])
        if there == "<EOF>":
            return f"it ends where {wanted} should follow"
        return f"`{_quoted(there)}` stands where {wanted} should" + _hint(there)
    if other := _OTHER.match(told):
        there = other[1] or other[2]
        if there[0] in "'\"":
            return "the text that begins here has no closing quotation mark"
        return f"`{_quoted(there)}` does not belong here" + _hint(there)
    return told


def _expected(tokens: str) -> str:
    if "IDENTIFIER" in tokens:
        return "a field or a value"
    return "an operator such as `==` or `&&`" if "'&&'" in tokens else "an operator or the end"


def _hint(there: str) -> str:
    meant = _MEANT.get(there.strip().lower())
    return f" (write `{meant}`)" if meant else ""


def _quoted(there: str) -> str:
    return there.strip()[:_LONGEST_QUOTE]
