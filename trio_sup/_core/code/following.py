"""The specification of a child whose code is another now.

For children that no list names, such as those of a dynamic supervisor: what they were
started with is looked up again, by the names of its functions and classes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from types import FunctionType
from typing import Any, TypeAlias, cast

import attrs

from trio_sup._core.errors import SupervisionError
from trio_sup._core.specs import ChildSpec

Find: TypeAlias = Callable[[str, str], object]
"""Returns what a module holds under a qualified name; raises `LookupError`."""


class NotFollowed(SupervisionError):
    """What a child runs cannot be found again in its module."""


def is_made_of(spec: ChildSpec[Any], modules: Collection[str]) -> bool:
    """Whether code of some modules runs in a child, or below it.

    Args:
        spec: The child's.
        modules: Their names.
    """
    if spec.flags is not None:
        return any(is_made_of(each, modules) for each in spec.flags.children)
    given = (spec.target, *spec.args, *spec.keywords.values())
    return any(_comes_from(value, modules) for value in given)


def _comes_from(value: object, modules: Collection[str]) -> bool:
    if isinstance(value, type):
        return any(cls.__module__ in modules for cls in value.__mro__)
    if isinstance(value, FunctionType):
        return value.__module__ in modules
    if isinstance(value, partial):
        call = cast("partial[object]", value)
        parts = (call.func, *call.args, *call.keywords.values())
        return any(_comes_from(part, modules) for part in parts)
    if type(value) is tuple:
        return any(_comes_from(part, modules) for part in cast("tuple[Any]", value))
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, type):
        return _comes_from(owner, modules)
    return not isinstance(value, type) and type(value).__module__ in modules


def followed(
    spec: ChildSpec[Any], modules: Collection[str], find: Find
) -> ChildSpec[Any]:
    """Return a specification with what some modules hold now.

    Args:
        spec: The former one.
        modules: The names of the modules.
        find: Looks something up in one of them.

    Raises:
        NotFollowed: it is made of what cannot be found by name.
        ChildSpecError: its arguments do not fit any more.
    """
    if not is_made_of(spec, modules):
        return spec
    if spec.flags is not None:
        below = [followed(each, modules, find) for each in spec.flags.children]
        return attrs.evolve(spec, flags=attrs.evolve(spec.flags, children=tuple(below)))
    now = partial(_now, modules=modules, find=find)
    target = now(spec.target)
    return spec.replace(target=target, args=tuple(map(now, spec.args)))


def _now(value: Any, modules: Collection[str], find: Find) -> Any:
    if not _comes_from(value, modules):
        return value
    now = partial(_now, modules=modules, find=find)
    if isinstance(value, FunctionType | type):
        return _named(value, find)
    if isinstance(value, partial):
        call = cast("partial[object]", value)
        keywords = {name: now(part) for name, part in call.keywords.items()}
        return partial(now(call.func), *map(now, call.args), **keywords)
    if type(value) is tuple:
        return tuple(map(now, cast("tuple[Any]", value)))
    cls = _class_of(value)
    what = f"is given an object of {cls.__module__}.{cls.__qualname__}, which changed"
    raise NotFollowed(what)


def _class_of(value: object) -> type[Any]:
    return type(value)


def _named(value: FunctionType | type[Any], find: Find) -> object:
    module, name = value.__module__, value.__qualname__
    try:
        return find(module, name)
    except LookupError:
        raise NotFollowed(
            f"runs {module}.{name}, which is not there any more"
        ) from None
