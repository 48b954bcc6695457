"""Jinja2 in a sandbox with a short list of what is allowed, and templates that are checked when they are saved, so that
a slip is found by who makes it and not by a customer.

A template is code that customers of Heed write, so it can name variables, choose and repeat, and nothing else: no
calls, no arithmetic, no includes, none of Jinja's own globals.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import ChainableUndefined, TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.expressions.shapes import Schema, fields_of, items_of, unknown_field
from shared.http.errors import Unacceptable

_FILTERS: Final = ("upper", "lower", "capitalize", "trim", "length", "first", "last", "join", "default", "truncate")
_TESTS: Final = ("defined", "none", "eq", "ne", "lt", "le", "gt", "ge", "in")

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.CondExpr,
    nodes.For,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)
_DEEPEST_LOOP = 2
Names = Mapping[str, Schema]


def sandbox(*, autoescape: bool, undefined: type[Undefined] = ChainableUndefined) -> ImmutableSandboxedEnvironment:
    """A field that is not there is empty, if not `undefined` says otherwise; misspelt ones `check` has refused."""
    environment = ImmutableSandboxedEnvironment(
        autoescape=autoescape,
        undefined=undefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        cache_size=500,
    )
    environment.globals.clear()
    filters: dict[str, Any] = {name: environment.filters[name] for name in _FILTERS}
    environment.filters = filters
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


def check(source: str, shape: Schema, environment: ImmutableSandboxedEnvironment, *, pointer: str) -> None:
    """Raises `Unacceptable` naming the variable that does not exist, or what is not allowed."""
    try:
        # Walked before it is compiled: compiling already works out what stands there in constants.
        _walk(environment.parse(source), {"": shape}, pointer, 0)
        environment.from_string(source)
    except TemplateError as problem:
        raise Unacceptable.field(pointer, "syntax", f"{problem}") from None
    except RecursionError:
        raise Unacceptable.field(pointer, "syntax", "This nests too deeply.") from None


def _walk(node: nodes.Node, names: Names, pointer: str, loops: int) -> None:
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        detail = f"A template can name variables, choose with if and repeat with for; {kind} is not allowed here."
        raise Unacceptable.field(pointer, "not_allowed", detail)
    if isinstance(node, nodes.For):
        _walk_loop(node, names, pointer, loops)
        return
    path = _path(node)
    if path is not None:
        _check_path(path, names, pointer)
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem) and not isinstance(node.node, nodes.Filter):
        detail = "Fields are named with dots, and only variables have fields."
        raise Unacceptable.field(pointer, "not_allowed", detail)
    for child in node.iter_child_nodes():
        _walk(child, names, pointer, loops)


def _walk_loop(node: nodes.For, names: Names, pointer: str, loops: int) -> None:
    if loops == _DEEPEST_LOOP or not isinstance(node.target, nodes.Name):
        raise Unacceptable.field(
            pointer, "not_allowed", f"Loops name one variable and nest {_DEEPEST_LOOP} deep at most."
        )
    _walk(node.iter, names, pointer, loops)
    path = _path(node.iter)
    if path is None:
        raise Unacceptable.field(pointer, "not_allowed", "A loop goes over a variable that is a list.")
    schema, rest = _root(path, names)
    inner = dict(names) | {node.target.name: items_of(schema, rest), "loop": _LOOP}
    for child in (*node.body, *node.else_):
        _walk(child, inner, pointer, loops + 1)


_LOOP: Final[Schema] = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("index", "first", "last", "length")},
}


def _path(node: nodes.Node) -> list[str] | None:
    """`a.b["c"]` as its names, None for anything else."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        below = _path(node.node)
        return None if below is None else [*below, node.attr]
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        below = _path(node.node)
        return None if below is None else [*below, node.arg.value]
    return None


def _root(path: Sequence[str], names: Names) -> tuple[Schema, Sequence[str]]:
    if path[0] in names:
        return names[path[0]], path[1:]
    return names[""], path


def _check_path(path: Sequence[str], names: Names, pointer: str) -> None:
    schema, rest = _root(path, names)
    if unknown_field(schema, rest) is not None:
        there = ", ".join(fields_of(names[""]))
        raise Unacceptable.field(
            pointer, "unknown_variable", f"There is no variable `{'.'.join(path)}`. There are: {there}."
        )
