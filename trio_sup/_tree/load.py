"""Finding the specification that ``trio-sup run package.module:spec`` names."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeGuard

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import SupervisionError
from trio_sup._core.specs import ChildSpec
from trio_sup._tree.roots import can_be_root
from trio_sup._tree.specs import supervisor
from trio_sup._trio.folded import folded_traceback


class LoadError(SupervisionError):
    """The named specification cannot be had; the message says why, in one line."""

    place: str = ""
    """Where the program's own code raised: a traceback, ours folded; or empty."""


def load_spec(address: str) -> ChildSpec[Any]:
    """Import a module and return the root specification that it holds.

    The current directory is importable. What is named may be a specification made
    by `supervisor`, a list of children, or a plain function without arguments that
    returns one of these.

    Args:
        address: ``package.module:name``.

    Raises:
        LoadError: no such module or name, the module raised, or what is named is
            none of the above.
    """
    module_name, colon, name = address.partition(":")
    if not colon or not module_name or not name:
        raise LoadError(f"{address!r}: write it as package.module:spec")
    if module_name.endswith(".py") or "/" in module_name:
        dotted = module_name.removesuffix(".py").removeprefix("./")
        right = f"{dotted.strip('/').replace('/', '.')}:{name}"
        raise LoadError(
            f"{address!r} names a file: write the module as Python imports it from "
            f"the current directory, {right}"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and module_name.startswith(error.name):
            raise LoadError(f"there is no module {module_name!r}") from error
        raise _raised(f"{module_name!r} needs a module: {error}", error) from error
    except Exception as error:
        what = f"importing {module_name!r} raised {type(error).__name__}: {error}"
        raise _raised(what, error) from error
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise LoadError(f"module {module_name!r} has no {name!r}") from error
    return _as_root(address, found)


def _is_spec(found: object) -> TypeGuard[ChildSpec[Any]]:
    return isinstance(found, ChildSpec)


def _is_list(found: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(found, Iterable) and not isinstance(found, str | bytes)


def _call(address: str, make: Callable[[], object]) -> object:
    try:
        return make()
    except ChildSpecError as error:
        raise _raised(f"{address}: {error}", error) from error
    except Exception as error:
        what = f"{address}() raised {type(error).__name__}: {error}"
        raise _raised(what, error) from error


def _raised(what: str, error: Exception) -> LoadError:
    """Return the error that says what the program's own code raised, and where."""
    failure = LoadError(what)
    try:
        failure.place = folded_traceback(error)
    except Exception:  # noqa: BLE001 - the exception's own code
        failure.place = ""
    return failure


def _as_root(address: str, found: object) -> ChildSpec[Any]:
    if callable(found) and not _is_spec(found):
        if inspect.iscoroutinefunction(found):
            raise LoadError(
                f"{address} is an async function, and Trio does not run yet: name a "
                f"plain function that returns a specification, such as "
                f"`def make(): return [child({address.rpartition(':')[2]})]`"
            )
        found = _call(address, found)
    if _is_spec(found):
        return found if can_be_root(found) else supervisor([found], id="root")
    if _is_list(found):
        try:
            return supervisor(found, id="root")
        except ChildSpecError as error:
            raise LoadError(f"{address}: {error}") from error
    raise LoadError(
        f"{address} is {type(found).__name__}: expected a supervisor(...) spec, "
        "a list of children, or a function that returns one"
    )


def outline(spec: ChildSpec[Any], depth: int = 0) -> list[str]:
    """Describe a specification in lines of text, children indented."""
    what = (
        spec.flags.strategy if spec.flags and spec.kind == "supervisor" else spec.kind
    )
    name = "" if spec.name is None else f", name {spec.name!r}"
    lines = [f"{'  ' * depth}{spec.label}: {what}, {spec.restart}{name}"]
    for child in () if spec.flags is None else spec.flags.children:
        lines += outline(child, depth + 1)
    return lines
