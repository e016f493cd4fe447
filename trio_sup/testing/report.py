"""What a failure prints: the findings, a program that repeats them, a timeline."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Sequence
from pathlib import Path

from trio_sup.testing._example import Options
from trio_sup.testing.faults import Fault
from trio_sup.testing.schedule import shortened
from trio_sup.testing.world import World

SHOWN = 8
"""Findings shown."""


class SupervisionViolation(AssertionError):
    """A tree did what it must not; the message repeats it under plain pytest."""

    def __init__(
        self,
        world: World,
        options: Options,
        script: Sequence[Fault],
        codes: Sequence[int],
        *,
        comes_again: bool = True,
    ) -> None:
        self.found_at: float = time.process_time()
        """Processor time (`time.process_time`) at which it was first found."""
        self.world: World = world
        self.script: list[Fault] = list(script)
        self.codes: list[int] = list(codes)
        self.program: str = program(options, script, codes)
        self.comes_again: bool = comes_again
        """Whether the same run failed a second time."""
        super().__init__(_message(world, self.program, comes_again))

    def __reduce__(self) -> tuple[type[AssertionError], tuple[str]]:
        """Travel as text between processes: worlds cannot."""
        return AssertionError, (str(self),)


ONCE = (
    "the same run again was fine: the tree depends on more than script and schedule "
    "(random numbers, the real time, what is left of earlier runs)"
)


def _message(world: World, text: str, comes_again: bool) -> str:
    found = [f"  {problem}" for problem in world.problems[:SHOWN]]
    more = len(world.problems) - len(found)
    if more > 0:
        found.append(f"  … and {more} more")
    indented = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
    return "\n".join(
        [
            "the tree broke what must hold",
            *found,
            *([] if comes_again else [ONCE]),
            "",
            "This repeats it:" if comes_again else "This was run:",
            "",
            indented,
            "",
            "What happened:",
            "",
            world.timeline(),
        ]
    )


def program(options: Options, script: Sequence[Fault], codes: Sequence[int]) -> str:
    """Return a program that repeats a run under plain pytest."""
    codes = shortened(codes)
    arguments = [_reference(options.build_tree, "build_tree")]
    names = {type(fault).__name__ for fault in script} | {"replay"}
    notes: list[str] = []
    imports = [_import(options.build_tree, "build_tree", notes)]
    lines = [f"script={_list(script)},"]
    if codes:
        lines.append(f"codes={codes!r},")
    if options.client is not None:
        lines.append(f"client={_reference(options.client, 'client')},")
        imports.append(_import(options.client, "client", notes))
    if options.invariants:
        shown: list[str] = []
        for each in options.invariants:
            shown.append(each.source or each.name)
            if each.source:
                names.add(each.source.partition("(")[0])
            if not each.source.startswith("survives"):
                check = each.check
                imports.append(_import(check, each.name, notes, each.name))
        lines.append(f"invariants=[{', '.join(shown)}],")
    if options.allow:
        kinds = [kind.__name__ for kind in options.allow]
        lines.append(f"allow=({', '.join(kinds)},),")
        imports += [
            f"from {kind.__module__} import {kind.__name__}"
            for kind in options.allow
            if kind.__module__ != "builtins"
        ]
    if options.duration != 10.0:
        lines.append(f"duration={options.duration!r},")
    known = sorted({line for text in imports if text for line in text.splitlines()})
    return "\n".join(
        [
            f"from trio_sup.testing import {', '.join(sorted(names))}",
            *known,
            *notes,
            "",
            "",
            "def test_replay() -> None:",
            "    replay(",
            f"        {arguments[0]},",
            *(f"        {line}" for line in "\n".join(lines).splitlines()),
            "    )",
        ]
    )


def _list(script: Sequence[Fault]) -> str:
    if len(script) < 2:
        return repr(list(script))
    inner = "".join(f"    {fault!r},\n" for fault in script)
    return f"[\n{inner}]"


def _reference(function: object, fallback: str) -> str:
    if isinstance(function, functools.partial):
        inner = _reference(function.func, fallback)
        given = [repr(arg) for arg in function.args]
        given += [f"{name}={value!r}" for name, value in function.keywords.items()]
        return f"partial({', '.join([inner, *given])})"
    name = str(getattr(function, "__name__", fallback))
    return fallback if not name.isidentifier() else name


def _import(
    function: object, fallback: str, notes: list[str], alias: str = ""
) -> str | None:
    if isinstance(function, functools.partial):
        inner = _import(function.func, fallback, notes, alias)
        return "\n".join(["from functools import partial", *([inner] if inner else [])])
    name = str(getattr(function, "__qualname__", ""))
    module = str(getattr(function, "__module__", ""))
    if name.isidentifier() and module not in ("", "__main__"):
        return f"from {module} import {name}"
    shown = alias or _reference(function, fallback)
    where = ""
    try:
        code = inspect.unwrap(function).__code__  # type: ignore[arg-type]
        where = f" ({Path(code.co_filename).name}:{code.co_firstlineno})"
    except (AttributeError, ValueError, TypeError):
        pass
    notes.append(f"# here goes `{shown}`: {name or 'your function'}{where}")
    return None
