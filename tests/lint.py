"""Heed's own rules, those that no ready-made linter knows. `make check` runs them; a complaint says what to do."""

import ast
import functools
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST_FILE = 400
LONGEST_FUNCTION = 80
# Written by a tool, or by somebody else and kept as it came.
NOT_OURS = re.compile(r"(^|/)(vendor|LICENSE|node_modules)(/|$)|tests/contracts/(samples|snapshots)/")
TEXT = {".py", ".sh", ".js", ".css", ".html", ".yml", ".yaml", ".sql", ".conf", ".toml", ".md", ".tpl", ".lock", ""}
MEASURED = {".py", ".sh", ".js", ".css", ".html", ".sql", ".conf"}
# A home folder is somebody's; what is written down must not depend on it.
SOMEBODYS = re.compile(r"(?<![\w.$}-])/(home|root|Users)/\w")
MAY_COMMIT = ("shared/db/", "shared/bus/", "shared/work.py", "shared/embedded/", "shared/testing/", "tests/")
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
METHODS = {"get", "post", "put", "patch", "delete"}

Complaint = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Module:
    name: str  # path below the root, with slashes
    tree: ast.Module

    @property
    def is_product(self) -> bool:
        by_hand = not re.search(r"/(migrations|alembic)/", self.name)
        return (
            by_hand and self.name.startswith(("services/", "shared/")) and not self.name.startswith("shared/testing/")
        )


def short_functions(module: Module) -> Iterator[Complaint]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines, at most {LONGEST_FUNCTION}: give its parts names"


def only_the_edge_commits(module: Module) -> Iterator[Complaint]:
    if module.name.startswith(MAY_COMMIT):
        return
    for call in _calls(module.tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield call.lineno, "only the edge commits: leave it to the request, the consumer or the timer"


def one_clock(module: Module) -> Iterator[Complaint]:
    if not module.is_product or module.name == "shared/clock.py":
        return
    for call in _calls(module.tree):
        func = call.func
        if isinstance(func, ast.Attribute) and (_last_name(func.value), func.attr) in CLOCKS:
            yield call.lineno, "only the injected clock knows the time: use work.now or runtime.clock.now()"


def one_family_of_errors(module: Module) -> Iterator[Complaint]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "HTTPException" and module.name.startswith("services/"):
            yield node.lineno, "raise a subclass of shared.http.errors.AppError instead of HTTPException"


def endpoints_say_what_they_return(module: Module) -> Iterator[Complaint]:
    if not module.name.startswith("services/"):
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not _is_endpoint(node):
            continue
        if node.returns is None:
            yield node.lineno, f"endpoint {node.name} has no return annotation: name its model"
        elif re.match(r"(dict|Dict|Any|Mapping)\b", ast.unparse(node.returns)):
            yield node.lineno, f"endpoint {node.name} returns an untyped dict: name a model"


def services_stay_apart(module: Module) -> Iterator[Complaint]:
    parts = module.name.split("/")
    if parts[0] != "services" or len(parts) < 3:
        return
    for line, imported in _imports(module.tree):
        target = imported.split(".")
        if target[0] == "services" and len(target) > 1 and target[1] != parts[1]:
            yield line, f"{parts[1]} imports {imported}: services speak by events and HTTP only"


def packages_are_declared(module: Module) -> Iterator[Complaint]:
    """A package that only comes along with another one may go away with it."""
    if not module.is_product:
        return
    declared = _declared_packages()
    for line, imported in _imports(module.tree):
        root = imported.split(".")[0]
        if root in sys.stdlib_module_names or root in {"services", "shared"}:
            continue
        if not {_normal(name) for name in _distributions().get(root, [root])} & declared:
            yield line, f"{root} is not among the dependencies in pyproject.toml"


RULES: tuple[Callable[[Module], Iterator[Complaint]], ...] = (
    short_functions,
    only_the_edge_commits,
    one_clock,
    one_family_of_errors,
    endpoints_say_what_they_return,
    services_stay_apart,
    packages_are_declared,
)


def text_rules(name: str, text: str) -> Iterator[Complaint]:
    lines = text.splitlines()
    if Path(name).suffix in MEASURED and len(lines) > LONGEST_FILE:
        yield 1, f"{len(lines)} lines, at most {LONGEST_FILE}: split it by subject"
    for number, line in enumerate(lines, 1):
        if name.endswith(".lock") and "://" in line:
            yield number, "names a host: where packages come from is the machine's own affair"
        if SOMEBODYS.search(line):
            yield number, "an absolute path of somebody's machine"


def complaints(root: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        path = root / name
        if NOT_OURS.search(name) or path.suffix not in TEXT or not path.is_file():
            continue
        text = path.read_text()
        found = list(text_rules(name, text))
        if path.suffix == ".py":
            module = Module(name, ast.parse(text, name))
            found += [complaint for rule in RULES for complaint in rule(module)]
            if module.is_product and not (path.parent / "__init__.py").exists():
                found.append((1, "its folder has no __init__.py, so the walls are not checked there"))
        for line, text_ in sorted(found):
            yield f"{name}:{line}: {text_}"


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        folders = ("services", "shared", "tests", "deploy", "docs")
        names = [str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*")]
    found = list(complaints(ROOT, sorted(names)))
    print("\n".join(found) if found else f"Heed's own rules: {len(names)} files, nothing to complain about")
    return 1 if found else 0


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node.lineno, name) for name in (submodules if node.module == "services" else [node.module]))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_endpoint(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
        and _last_name(decorator.func.value).endswith(("router", "app"))
        for decorator in node.decorator_list
    )


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


@functools.cache
def _declared_packages() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["embedded"], *extras["science"], *extras["mcp"]]
    return {_normal(re.split(r"[\[<>=!;~ ]", line)[0]) for line in lines}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
