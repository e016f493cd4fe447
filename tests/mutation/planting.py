"""What mutmut would plant, as functions that take the place of the core's.

Only mutmut's choice of mistakes is used. Its own run passes over all that is decorated,
so over every property, and begins pytest anew for each mutant: hours for the whole core.
"""

from __future__ import annotations

import importlib
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from types import FunctionType
from typing import Any

import libcst as cst
from attrs import frozen
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from .survivors import Survivor, parse_diff


@frozen(eq=False)
class Mutant:
    """One planted mistake.

    Attributes:
        file: The module below the core, as in ``plan.groups``.
        target: The function of the core.
        source: That function with the mistake in it.
        shown: The same for people.
    """

    file: str
    target: Any
    source: str
    shown: Survivor

    def plant(self) -> None:
        """Let the mistake be made in this process, for good."""
        made = _compiled(self.source, self.target)
        with warnings.catch_warnings():
            # A mutant of a generator may be none.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.target.__code__ = made.__code__
        self.target.__defaults__ = made.__defaults__
        self.target.__kwdefaults__ = made.__kwdefaults__


def mutants_of(package: str, file: str, path: Path) -> Iterator[Mutant]:
    """All mutants of one module of the core.

    Args:
        package: The core's.
        file: The module below it, as in ``plan.groups``.
        path: Where it stands.
    """
    module = importlib.import_module(f"{package}.{file}")
    tree = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    planter = _Planter(mutation_operators, IgnoredCode(set(), set(), set()))
    tree.visit(planter)
    classes = _classes_of_functions(tree.module)
    for mutation in planter.mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in classes:
            continue
        within, name = classes[function], function.name.value
        plain = function.with_changes(decorators=[], leading_lines=[])
        changed = deep_replace(plain, mutation.original_node, mutation.mutated_node)
        assert isinstance(changed, cst.FunctionDef)
        texts = [cst.Module([each]).code for each in (plain, changed)]
        place = ".".join(filter(None, (file, within, name)))
        was, now = (text.splitlines() for text in texts)
        lines = unified_diff(was, now, n=0, lineterm="")
        yield Mutant(
            file,
            _function(vars(getattr(module, within) if within else module), name),
            texts[1],
            parse_diff(place, "\n".join(lines)),
        )


class _Planter(MutationVisitor):
    """Mutates properties, too."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.FunctionDef(decorators=[cst.Decorator(cst.Name("property"))]):
                return False
            case _:
                return bool(super()._skip_node_and_children(node))


def _classes_of_functions(module: cst.Module) -> dict[cst.FunctionDef, str]:
    """The functions of a module, each with the name of its class, or nothing."""
    found: dict[cst.FunctionDef, str] = {}
    for statement in module.body:
        match statement:
            case cst.FunctionDef():
                found[statement] = ""
            case cst.ClassDef(body=cst.IndentedBlock(body=body), name=name):
                for each in body:
                    if isinstance(each, cst.FunctionDef):
                        found[each] = name.value
            case _:
                pass
    return found


def _function(space: Mapping[str, object], name: str) -> FunctionType:
    found: Any = space[name]
    # A property, or a class method such as `__init_subclass__`.
    found = getattr(found, "fget", None) or getattr(found, "__func__", None) or found
    assert isinstance(found, FunctionType), f"{name} is no function"
    return found


def _compiled(source: str, target: FunctionType) -> FunctionType:
    """Compile a function in the place where it stands.

    It gets the same class around it, for the sake of `super()`; its defaults may name
    what stands in that class.
    """
    within, _, name = target.__qualname__.rpartition(".")
    space: dict[str, Any] = dict(target.__globals__)
    if within:
        space |= vars(space[within])
        source = f"class {within}:\n{textwrap.indent(source, '    ')}"
    source = f"from __future__ import annotations\n{source}"
    exec(compile(source, target.__code__.co_filename, "exec"), space)
    return _function(vars(space[within]) if within else space, name)
