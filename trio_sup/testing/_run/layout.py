"""Lays out an expression of Python on several lines, so that it fits, and still runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from trio_sup.testing._run.columns import WIDEST, cells

INDENT = "    "
COLUMNS = WIDEST - len(INDENT)
"""Columns of a program: it stands a little to the right."""
LEAST = 12
"""Columns of a piece of a string, however deep it stands."""


def laid_out(source: str, indent: str, before: str = "") -> list[str]:
    """Return the lines of an argument of a call.

    Args:
        source: An expression, on one line.
        indent: What stands before each line.
        before: What stands before the expression, such as a keyword.
    """
    plain = f"{indent}{before}{source},"
    if cells(plain) <= COLUMNS:
        return [plain]
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:  # it is nothing that runs: a name that is no name, say
        return [plain]
    return _lines(node, source, indent, before, ",")


def imports(module: str, names: Iterable[str]) -> list[str]:
    """Return the lines of an import."""
    names = list(names)
    plain = f"from {module} import {', '.join(names)}"
    if cells(plain) <= COLUMNS:
        return [plain]
    listed = filled((f"{name}," for name in names), INDENT)
    return [f"from {module} import (", *listed, ")"]


def _lines(
    node: ast.expr, source: str, indent: str, before: str, end: str
) -> list[str]:
    """Return a node with something before it on its first line, and behind its last."""
    text = ast.get_source_segment(source, node) or ast.unparse(node)
    plain = f"{indent}{before}{text}{end}"
    if cells(plain) <= COLUMNS:
        return [plain]
    inner = indent + INDENT
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            lines = [f"{indent}{before}{ast.unparse(func)}("]
            for each in args:
                lines += _lines(each, source, inner, "", ",")
            for keyword in keywords:
                lines += _lines(keyword.value, source, inner, f"{keyword.arg}=", ",")
            return [*lines, f"{indent}){end}"]
        case ast.List(elts=elements) if elements:
            return [
                f"{indent}{before}[",
                *_elements(elements, source, inner),
                f"{indent}]{end}",
            ]
        case ast.Tuple(elts=elements) if elements:
            return [
                f"{indent}{before}(",
                *_elements(elements, source, inner),
                f"{indent}){end}",
            ]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _lines(right, source, indent, f"{before}{ast.unparse(left)} + ", end)
        case ast.Constant(value=str() | bytes() as value):
            return [
                f"{indent}{before}(",
                *(inner + piece for piece in _pieces(value, COLUMNS - cells(inner))),
                f"{indent}){end}",
            ]
        case _:
            return [plain]


def _elements(elements: Sequence[ast.expr], source: str, indent: str) -> Iterator[str]:
    """Numbers stand many in a line, all else each on its own."""
    if not all(_is_number(each) for each in elements):
        for each in elements:
            yield from _lines(each, source, indent, "", ",")
        return
    yield from filled((f"{ast.unparse(each)}," for each in elements), indent)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def filled(words: Iterable[str], indent: str) -> Iterator[str]:
    """Yield lines with as many words as fit."""
    line = ""
    for word in words:
        if line and cells(f"{indent}{line} {word}") > COLUMNS:
            yield indent + line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield indent + line


def _pieces(value: str | bytes, width: int) -> Iterator[str]:
    """Yield literals that together are a string."""
    width, place = max(width, LEAST), 0
    while place < len(value):
        size = len(value) - place
        while size > 1 and cells(repr(value[place : place + size])) > width:
            size = min(size - 1, width) if size > width else size - 1
        yield repr(value[place : place + size])
        place += size
