"""Scenarios as Python: what a failure prints, and what compiles to the same again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import cast

import attrs

from tests.proof.supervisors import scenario as words
from tests.proof.supervisors.scenario import Scenario

WIDTH = 88
INDENT = "    "


def program(scenario: Scenario, codes: Sequence[int] = ()) -> str:
    """Return a test that plays a scenario again, under plain pytest."""
    return "\n".join(
        [
            "from tests.proof.supervisors.judge import assert_otp_conformant",
            *_wrapped_import(sorted(_names(scenario))),
            "",
            f"scenario = {source(scenario, room=len('scenario = '))}",
            "",
            "",
            "def test_replay() -> None:",
            *_call(list(codes)),
        ]
    )


def _call(codes: list[int]) -> list[str]:
    if not codes:
        return [f"{INDENT}assert_otp_conformant(scenario)"]
    line = f"{INDENT}assert_otp_conformant(scenario, codes={codes!r})"
    if len(line) <= WIDTH:
        return [line]
    inner = INDENT * 2
    numbers = ", ".join(map(str, codes)) + ","
    wrapped = textwrap.wrap(
        numbers, WIDTH, initial_indent=inner, subsequent_indent=inner
    )
    call = f"{INDENT}assert_otp_conformant(scenario, codes=codes)"
    return [f"{INDENT}codes = [", *wrapped, f"{INDENT}]", call]


def source(value: object, indent: str = "", room: int = 0) -> str:
    """Return Python for a part of a scenario, without what is the default.

    Args:
        value: The part.
        indent: What stands before each further line.
        room: How many characters of the first line are taken already.
    """
    short = _inline(value)
    if len(indent) + room + len(short) < WIDTH:
        return short
    opening, parts, closing = _taken_apart(value)
    if not parts:
        return short
    inner = indent + INDENT
    lines = [
        f"{inner}{label}{source(part, inner, len(label) + 1)},\n"
        for label, part in parts
    ]
    return f"{opening}\n{''.join(lines)}{indent}{closing}"


def _inline(value: object) -> str:
    opening, parts, closing = _taken_apart(value)
    if not closing:
        return opening
    inside = ", ".join(f"{label}{_inline(part)}" for label, part in parts)
    lone = opening == "(" and len(parts) == 1
    return f"{opening}{inside}{',' if lone else ''}{closing}"


def _taken_apart(value: object) -> tuple[str, list[tuple[str, object]], str]:
    """What stands before the parts, the parts with their labels, what stands after."""
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return "(", [("", part) for part in items], ")"
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return "{", [(f"{_literal(key)}: ", part) for key, part in pairs], "}"
    if attrs.has(type(value)):
        return f"{type(value).__name__}(", list(_fields(value)), ")"
    return _literal(value), [], ""


def _literal(value: object) -> str:
    text = repr(value)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """The fields without a default, by position, and others that differ from it."""
    for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
        part = getattr(value, field.name)
        if field.default is attrs.NOTHING:
            yield "", part
        elif part != _default(field.default):
            yield f"{field.name}=", part


def _default(default: object) -> object:
    factory = getattr(default, "factory", None)
    return default if factory is None else factory()


def _names(value: object) -> set[str]:
    """The classes that a scenario is made of."""
    _, parts, _ = _taken_apart(value)
    below = {name for _, part in parts for name in _names(part)}
    kind = type(value)
    return below | {kind.__name__} if kind.__module__ == words.__name__ else below


def _wrapped_import(names: Sequence[str]) -> list[str]:
    line = f"from {words.__name__} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {words.__name__} import (", *(f"    {n}," for n in names), ")"]
