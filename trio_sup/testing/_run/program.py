"""The program that repeats a run: imports, the script, what to call."""

from __future__ import annotations

import functools
import inspect
import sys
from ast import literal_eval
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from attrs import Factory, define

from trio_sup.testing._run.columns import folded
from trio_sup.testing._run.layout import COLUMNS, INDENT, imports, laid_out
from trio_sup.testing._run.options import Options
from trio_sup.testing.faults import Fault
from trio_sup.testing.histories import Explained
from trio_sup.testing.invariants import Invariant
from trio_sup.testing.schedule import shortened

DEEP = 2 * INDENT

MANY = 8
"""Zeros at the beginning of a schedule that are counted, not written."""


def program(
    options: Options,
    script: Sequence[Fault],
    codes: Sequence[int],
    picks: Sequence[int] | None = None,
) -> str:
    """Return a program that repeats a run under plain pytest."""
    source = _Source()
    source.ours |= {type(fault).__name__ for fault in script}
    lines = laid_out(source.refer(options.build_tree, "build_tree"), DEEP)
    lines += _script(script)
    if codes := shortened(codes):
        lines += laid_out(_codes(codes), DEEP, "codes=")
    if picks is not None:
        lines += laid_out(_codes(shortened(picks)), DEEP, "picks=")
    if options.client is not None:
        lines += laid_out(source.refer(options.client, "client"), DEEP, "client=")
    if options.invariants:
        shown = ", ".join(source.demand(each) for each in options.invariants)
        lines += laid_out(f"[{shown}]", DEEP, "invariants=")
    if options.allow:
        kinds = ", ".join(source.kind(kind) for kind in options.allow)
        lines += laid_out(f"[{kinds}]", DEEP, "allow=")
    if options.duration != 10.0:
        lines.append(f"{DEEP}duration={options.duration!r},")
    return "\n".join(
        [
            *source.imports(),
            *source.comments(),
            "",
            "",
            f"def test_replay({', '.join(source.fixtures)}) -> None:",
            "    replay(",
            *lines,
            "    )",
        ]
    )


def reference(function: object, fallback: str) -> tuple[list[str], str, list[str]]:
    """Return how a program refers to a function: imports, an expression, notes."""
    source = _Source(ours=set())
    name = source.refer(function, fallback)
    return source.imports(), name, source.comments()


def _codes(codes: Sequence[int]) -> str:
    """Return a list of codes, its zeros at the beginning counted."""
    first = next((place for place, code in enumerate(codes) if code), 0)
    if first < MANY:
        return repr(list(codes))
    return f"[0] * {first} + {list(codes[first:])!r}"


def _script(script: Sequence[Fault]) -> list[str]:
    if len(script) < 2:
        return laid_out(repr(list(script)), DEEP, "script=")
    each = [line for fault in script for line in laid_out(repr(fault), DEEP + INDENT)]
    return [f"{DEEP}script=[", *each, f"{DEEP}],"]


@define
class _Source:
    """Collects what the program imports, and what it cannot."""

    ours: set[str] = Factory(lambda: {"replay"})
    names: dict[str, set[str]] = Factory(dict[str, set[str]])
    modules: set[str] = Factory(set[str])
    notes: list[str] = Factory(list[str])
    fixtures: dict[str, None] = Factory(dict[str, None])

    def imports(self) -> list[str]:
        """Return the import statements."""
        lines = imports("trio_sup.testing", sorted(self.ours)) if self.ours else []
        lines += [f"import {module}" for module in sorted(self.modules)]
        for module, names in sorted(self.names.items()):
            lines += imports(module, sorted(names))
        return lines

    def comments(self) -> list[str]:
        """Return what says what is not imported."""
        return [
            line
            for note in dict.fromkeys(self.notes)
            for line in folded(note, rest="#   ", width=COLUMNS)
        ]

    def refer(self, function: object, fallback: str) -> str:
        """Return an expression for a function."""
        if isinstance(function, functools.partial):
            inner = self.refer(function.func, fallback)
            is_test = inner.endswith(f".{UNDECORATED}")
            given = [self._value(arg, f"argument_{inner}") for arg in function.args]
            for name, value in function.keywords.items():
                given.append(f"{name}={self._value(value, name, is_test)}")
            if not given:
                return inner
            self._name("functools", "partial")
            return f"partial({', '.join([inner, *given])})"
        name = str(getattr(function, "__qualname__", ""))
        module = str(getattr(function, "__module__", ""))
        if name.isidentifier() and module not in ("", "__main__"):
            there = getattr(sys.modules.get(module), name, function)
            if isinstance(there, Invariant):
                there = there.check
            if there is function:
                self._name(module, name)
                return name
            if getattr(there, UNDECORATED, None) is function:
                self.modules.add(module)
                return f"{module}.{name}.{UNDECORATED}"
        shown = str(getattr(function, "__name__", fallback))
        shown = shown if shown.isidentifier() else fallback
        self.notes.append(f"# here goes `{shown}`: {_whereabouts(function, name)}")
        return shown

    def demand(self, each: Invariant) -> str:
        """Return an expression for an invariant."""
        for name in ("survives", "nobody_waits"):
            if each.source.startswith(name):
                self.ours.add(name)
                return each.source
        if isinstance(each.check, Explained):
            self.ours.add("linearizable")
            given = [self.refer(each.check.spec, "Spec")]
            if each.check.path is not None:
                given.append(repr(each.check.path))
            return f"linearizable({', '.join(given)})"
        name = self.refer(
            each.check, each.name if each.name.isidentifier() else "check"
        )
        if each.when == "eventually":
            self.ours.add("eventually")
            return f"eventually({name}, within={each.within:g})"
        return name

    def kind(self, kind: type[BaseException]) -> str:
        """Return an expression for a type of exceptions."""
        if kind.__module__ == "builtins":
            return kind.__name__
        return self.refer(kind, kind.__name__)

    def _name(self, module: str, name: str) -> None:
        self.names.setdefault(module, set()).add(name)

    def _value(self, value: object, name: str, is_fixture: bool = False) -> str:
        with suppress(Exception):  # a repr that is no source, or one that raises
            literal_eval(repr(value))
            return repr(value)
        if is_fixture:
            self.fixtures[name] = None
            return name
        if callable(value):
            return self.refer(value, name)
        kind = type(value)
        self.notes.append(f"# here goes `{name}`: {_article(kind.__qualname__)}")
        return name


UNDECORATED = "undecorated"
"""Where a test made by `supervision_property` keeps the function it was made of."""


def _article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"


def _whereabouts(function: object, name: str) -> str:
    where = ""
    try:
        code = inspect.unwrap(function).__code__  # type: ignore[arg-type]
        where = f" ({Path(code.co_filename).name}:{code.co_firstlineno})"
    except (AttributeError, ValueError, TypeError):
        pass
    return f"{name or 'your function'}{where}"
