"""What a module imports, read from its source: without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator


def imported_by(
    source: str | bytes, name: str, *, package: bool, known: Collection[str]
) -> frozenset[str]:
    """Return which of the known modules a source imports, wherever it does.

    What stands under ``if TYPE_CHECKING:`` does not count: it is never run.

    Args:
        source: The text of the module.
        name: Its name.
        package: Whether it is the ``__init__`` of a package.
        known: The modules that count.

    Raises:
        SyntaxError: it is not Python.
    """
    home = name if package else name.rpartition(".")[0]
    found: set[str] = set()
    for node in _run_by(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.update(_with_packages(alias.name))
        elif isinstance(node, ast.ImportFrom):
            found.update(_from(node, home, known))
    found.discard(name)
    return frozenset(found.intersection(known))


def _run_by(tree: ast.AST) -> Iterator[ast.AST]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and _is_for_types(node.test):
            todo.extend(node.orelse)
        else:
            todo.extend(ast.iter_child_nodes(node))


def _is_for_types(test: ast.expr) -> bool:
    if isinstance(test, ast.Attribute):
        return test.attr == "TYPE_CHECKING"
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _with_packages(dotted: str) -> Iterator[str]:
    """``import a.b`` binds ``a``, and finds ``b`` in it."""
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _from(node: ast.ImportFrom, home: str, known: Collection[str]) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parts = home.split(".")
        above = parts[: len(parts) - (node.level - 1)]
        base = ".".join([*above, base] if base else above)
    for alias in node.names:
        # A module of a package, or something that stands in it.
        below = f"{base}.{alias.name}"
        yield below if below in known else base
