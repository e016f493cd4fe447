"""What is left of modules that were imported again, and who has hold of it.

A child whose code did not change goes on with what it has. If that comes from a former
module, there would be two of what was meant to be one: a table, a lock, a class.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, Final, TypeAlias, cast

MOST: Final = 20_000
"""Objects that are looked at: then the search ends without a find."""
_OPAQUE: Final = ("trio_sup", "trio", "logging", "threading", "asyncio", "importlib")
"""Packages into whose objects nobody looks: they lead everywhere."""
_KEYS: Final[Callable[[object], Iterable[object]]] = cast("Any", dict).keys
_VALUES: Final[Callable[[object], Iterable[object]]] = cast("Any", dict).values
_ATOMS: Final = (str, bytes, bytearray, int, float, complex, bool, type(None))

Recognised: TypeAlias = Callable[[object], str]
"""Says what of a former module an object is; nothing, if it is none."""


def from_modules(names: Iterable[str]) -> Recognised:
    """Return what knows functions, classes and their objects by their module.

    Args:
        names: The modules.
    """
    former = frozenset(names)

    def recognise(value: object) -> str:
        if isinstance(value, ModuleType):
            return value.__name__ if value.__name__ in former else ""
        if isinstance(value, FunctionType | type):
            home = getattr(value, "__module__", None)
            return f"{home}.{value.__qualname__}" if home in former else ""
        cls = _class_of(value)
        return f"a {cls.__qualname__} of {cls.__module__}" if _home(cls, former) else ""

    return recognise


def _class_of(value: object) -> type[Any]:
    return type(value)


def _home(cls: type[Any], former: frozenset[str]) -> bool:
    return getattr(cls, "__module__", None) in former


def state_of_modules(
    before: Mapping[str, Mapping[str, object]],
    after: Mapping[str, Mapping[str, object]],
) -> Recognised:
    """Return what knows the state of modules: what they made, and have made anew.

    That is no state which is the same for good: a number, a text, an equal value that
    can be a key.

    Args:
        before: What stood in each module; first those that others import.
        after: What stands in it now.
    """
    found: dict[int, tuple[object, str]] = {}
    for module, names in before.items():
        now = after.get(module, {})
        for name, value in names.items():
            if not name.startswith("__") and _is_state(value, now.get(name)):
                found.setdefault(id(value), (value, f"{module}.{name}"))

    def recognise(value: object) -> str:
        held = found.get(id(value))
        return held[1] if held is not None and held[0] is value else ""

    return recognise


def _is_state(value: object, now: object) -> bool:
    if value is now or isinstance(value, (*_ATOMS, type, ModuleType, FunctionType)):
        return False
    if isinstance(value, BuiltinFunctionType):
        return False
    cls: type[Any] = _class_of(value)
    same: object = cls.__eq__
    if same is object.__eq__ or getattr(cls, "__hash__", None) is None:
        return True
    try:
        return not bool(value == now)
    except Exception:  # noqa: BLE001 - a class of the user's
        return True


def first_use(
    root: object, recognised: Iterable[Recognised], most: int = MOST
) -> tuple[str, int]:
    """Search what an object has hold of for what is left of former modules.

    Returns:
        What was found, or nothing; and how many objects were looked at.

    Args:
        root: Where to begin.
        recognised: What knows it.
        most: How many objects may be looked at.
    """
    knowing = tuple(recognised)
    seen: dict[int, object] = {id(root): root}
    todo = deque([root])
    while todo and len(seen) < most:
        value = todo.popleft()
        for recognise in knowing:
            found = recognise(value)
            if found:
                return found, len(seen)
        for part in _parts(value):
            if id(part) not in seen:
                seen[id(part)] = part
                todo.append(part)
    return "", len(seen)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, (*_ATOMS, type, ModuleType, FunctionType)):
        return
    cls: type[Any] = _class_of(value)
    # By their own iteration: a subclass's may be code of the user's.
    if issubclass(cls, dict):
        yield from list(_KEYS(value))
        yield from list(_VALUES(value))
    elif cls in (list, tuple, set, frozenset, deque):
        yield from list(cast("Iterable[object]", value))
    elif isinstance(value, partial):
        call = cast("partial[object]", value)
        yield from (call.func, call.args, call.keywords)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif cls is SimpleNamespace or not _is_opaque(cls):
        yield from _attributes(value)


def _is_opaque(cls: type[Any]) -> bool:
    return str(getattr(cls, "__module__", "")).partition(".")[0] in _OPAQUE


def _attributes(value: object) -> Iterator[object]:
    """What stands in an object, past its class's own ``__getattribute__``."""
    table: object = None
    try:
        table = object.__getattribute__(value, "__dict__")
    except AttributeError:
        pass
    if issubclass(_class_of(table), dict):
        yield from list(_VALUES(table))
    for cls in type(value).__mro__:
        slots: Any = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            member = vars(cls).get(name)
            try:
                yield member.__get__(value)  # type: ignore[union-attr]
            except (AttributeError, TypeError):
                continue
