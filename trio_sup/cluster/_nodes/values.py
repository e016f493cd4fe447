"""Arguments, answers and declared errors on their way: by the types of an operation.

What an operation's signature says is what travels, as data, and is checked on arrival.
Nothing is pickled: whoever can write to the engine must not be able to run code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final, cast, get_args, get_origin, get_type_hints

import attrs
from attrs import Factory, field, frozen
from cattrs import Converter
from cattrs.preconf.json import make_converter

from trio_sup._core.exits import describe_error
from trio_sup._servers.messages import Caller

_PLAIN: Final = (type(None), bool, int, float, str)


class NotPortable(TypeError):
    """A value, or its type, cannot cross from node to node."""


def _new_converter() -> Converter:
    converter = make_converter(detailed_validation=False)
    # By the very type: a text is no number, whatever `int` makes of it.
    for kind in (bool, int, str, type(None)):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, _number)
    return converter


def _exactly(value: object, kind: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, not {type(value).__name__}")
    return value  # an operation that returns nothing has an answer, too


def _number(value: object, _: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"expected a number, not {type(value).__name__}")
    return float(value)


converter: Final[Converter] = _new_converter()
"""For values of users' own types: register hooks with it, the same on all nodes."""


@frozen
class Signature:
    """What an operation takes and gives, as types."""

    name: str
    parameters: tuple[Any, ...]
    more: Any
    """Of further arguments by position; `inspect.Parameter.empty` if it takes none."""
    keywords: Mapping[str, Any]
    answer: Any
    _plain: tuple[Any, ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _all_plain(self.parameters), takes_self=True),
    )
    """The types of the parameters, if values of all of them are their own data."""

    def _as_declared(self, values: Collection[object]) -> bool:
        """Whether each is of the very type that is declared, and is its own data."""
        return tuple(map(type, values)) == self._plain[: len(values)]

    def pack(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments as data.

        Raises:
            NotPortable: one of them cannot be sent.
        """
        if not kwargs and self._as_declared(args):
            return [*args], {}
        return (
            [self._pack(value, self._of(i)) for i, value in enumerate(args)],
            {key: self._pack(value, self._named(key)) for key, value in kwargs.items()},
        )

    def unpack(
        self, args: list[Any], kwargs: dict[str, Any]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """Return data as arguments.

        Raises:
            NotPortable: it does not fit.
        """
        if not kwargs and self._as_declared(args):
            return (*args,), {}
        return (
            tuple(self._unpack(data, self._of(i)) for i, data in enumerate(args)),
            {key: self._unpack(data, self._named(key)) for key, data in kwargs.items()},
        )

    def pack_answer(self, value: object) -> Any:
        """Return an answer as data; raises `NotPortable`."""
        return self._pack(value, self.answer)

    def unpack_answer(self, data: Any) -> object:
        """Return data as an answer; raises `NotPortable`."""
        return self._unpack(data, self.answer)

    def _of(self, place: int) -> Any:
        if place < len(self.parameters):
            return self.parameters[place]
        if self.more is inspect.Parameter.empty:
            raise NotPortable(f"{self.name} takes {len(self.parameters)} arguments")
        return self.more

    def _named(self, key: str) -> Any:
        if key not in self.keywords:
            raise NotPortable(f"{self.name} takes no argument {key!r}")
        return self.keywords[key]

    def _pack(self, value: object, kind: Any) -> Any:
        if type(value) is kind and kind in _PLAIN:
            return value
        try:
            data: object = (
                value
                if kind is Any
                else converter.unstructure(value, unstructure_as=kind)
            )
        except Exception as error:
            raise NotPortable(f"{self.name}: {describe_error(error)}") from error
        if kind is Any and not is_plain(data):
            raise NotPortable(
                f"{self.name}: {type(value).__name__} has no declared type: annotate it"
            )
        return data

    def _unpack(self, data: Any, kind: Any) -> object:
        if kind is Any or (type(data) is kind and kind in _PLAIN):
            return data
        try:
            value: object = converter.structure(data, kind)
        except Exception as error:
            raise NotPortable(f"{self.name}: {describe_error(error)}") from error
        return value


def _all_plain(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    return kinds if all(kind in _PLAIN for kind in kinds) else ()


def is_plain(data: object) -> bool:
    """Whether data without a type says all: JSON's own values."""
    if isinstance(data, list):
        return all(map(is_plain, cast("list[object]", data)))
    if isinstance(data, dict):
        items = cast("dict[object, object]", data).items()
        return all(type(key) is str and is_plain(value) for key, value in items)
    return type(data) in _PLAIN


@lru_cache(maxsize=4096)
def signature_of(
    fn: Callable[..., Any], *, deferred: bool, bound: bool = True
) -> Signature:
    """Return what an operation takes and gives.

    Args:
        fn: Its method.
        deferred: Whether it gets a `Caller` as its first argument.
        bound: Whether it is a method.

    Raises:
        NotPortable: its annotations cannot be resolved.
    """
    name = getattr(fn, "__qualname__", repr(fn))
    try:
        hints = get_type_hints(fn)
    except Exception as error:
        raise NotPortable(f"the annotations of {name}: {error}") from error
    own = int(bound) + int(deferred)
    parameters = list(inspect.signature(fn).parameters.values())[own:]
    answer = hints.get("return", Any)
    if deferred:
        answer = _answer_of_caller(hints)
    empty, empties = inspect.Parameter.empty, (object, inspect.Parameter.empty)
    kinds = {p.name: hints.get(p.name, Any) for p in parameters}
    kinds = {key: Any if kind in empties else kind for key, kind in kinds.items()}
    places = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    more = [p for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL]
    names = (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    return Signature(
        name,
        tuple(kinds[p.name] for p in parameters if p.kind in places),
        kinds[more[0].name] if more else empty,
        {p.name: kinds[p.name] for p in parameters if p.kind in names},
        Any if answer is object else answer,
    )


def _answer_of_caller(hints: Mapping[str, Any]) -> Any:
    for hint in hints.values():
        if get_origin(hint) is Caller:
            return get_args(hint)[0]
    return Any


# Errors.


def name_of_type(kind: type[object]) -> str:
    """Return the full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def pack_error(error: Exception, declared: tuple[type[Exception], ...]) -> list[Any]:
    """Return an error that an operation declares: the name of its type, and its data."""
    kind = type(error)
    if kind not in declared:
        kind = next((each for each in declared if isinstance(error, each)), kind)
    fields: Any
    if attrs.has(kind):
        fields = converter.unstructure(error, unstructure_as=kind)
    else:
        fields = [arg if is_plain(arg) else str(arg) for arg in error.args]
    return [name_of_type(kind), fields]


def unpack_error(data: Any, declared: tuple[type[Exception], ...]) -> Exception | None:
    """Return a declared error as what it is; None if it cannot be made."""
    parts = cast("list[object]", data) if isinstance(data, list) else []
    if len(parts) != 2:
        return None
    kind = next((each for each in declared if name_of_type(each) == parts[0]), None)
    if kind is None:
        return None
    fields: Any = parts[1]
    try:
        if attrs.has(kind):
            made: object = converter.structure(fields, kind)
        else:
            made = kind(*fields)
    except Exception:  # noqa: BLE001 - another version of the class, or a user's code
        return None
    return made if isinstance(made, Exception) else None
