"""Values without parts as text: numbers, strings, classes, functions, and the like.

No line of the program's own code runs; see `render`.
"""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import re
import types
import uuid
import zoneinfo
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import TYPE_CHECKING, Any, Final, cast

from trio_sup.inspect.node.masking import REDACTED, SEEN, mask_known, mask_text
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_STRING: Final = 200
"""Characters of a string, bytes of bytes."""
MAX_BITS: Final = 512
"""The largest integer that is written out."""
MORE: Final = "…"

_CLASS_DICT: Final[Any] = type.__dict__["__dict__"]
_MRO: Final[Any] = type.__dict__["__mro__"]
_QUALNAME: Final[Any] = type.__dict__["__qualname__"]
# Unbound methods read any subclass as the built-in type does.
_ARRAY: Final[Any] = array.array

# Exact types whose own repr is quick, bounded and runs no other code.
_PLAIN: Final = frozenset(
    {
        type(None),
        bool,
        float,
        complex,
        range,
        type(...),
        type(NotImplemented),
        datetime.date,
        datetime.timedelta,
        datetime.timezone,
        zoneinfo.ZoneInfo,
        uuid.UUID,
        fractions.Fraction,
        ipaddress.IPv4Address,
        ipaddress.IPv6Address,
        ipaddress.IPv4Network,
        ipaddress.IPv6Network,
    }
)
_PATHS: Final = frozenset({PosixPath, PurePosixPath, PureWindowsPath, WindowsPath})
_ZONES: Final = frozenset({type(None), datetime.timezone, zoneinfo.ZoneInfo})


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and a mark."""
    return text if len(text) <= limit else text[: limit - 1] + MORE


def class_name(kind: type) -> str:
    """What the class is called, whatever its metaclass says."""
    return cut(_QUALNAME.__get__(kind), 100)


def instance_dict(value: object) -> dict[str, object]:
    """The attributes in the ``__dict__`` that the interpreter made."""
    kind: Any = type(value)
    for cls in _MRO.__get__(kind):
        member = _CLASS_DICT.__get__(cls).get("__dict__")
        # Only the one that the interpreter made: others are the program's code.
        if type(member) is types.GetSetDescriptorType and cls is not type:
            try:
                found: Any = member.__get__(value)
            except (AttributeError, TypeError):
                return {}
            if type(found) is dict:
                items = cast("dict[object, object]", found).items()
                return {k: v for k, v in items if type(k) is str}
    return {}


def leaf(value: Any, kind: type, secrets: SecretNames = DEFAULT) -> str | None:
    """The text of what has no parts; None for what has.

    Of a string, and of bytes, nothing is left that `masking` takes for a secret; of
    an instance of a class with a secret's name, nothing at all.
    """
    if kind in _PLAIN:
        return cut(repr(value), MAX_STRING)
    for base, show in _SIMPLE:
        if issubclass(kind, base):
            try:
                if base is str or base is bytes or base is bytearray:
                    return _text(value, kind, base, secrets)
                return show(value, kind)
            except (AttributeError, TypeError, ValueError, OverflowError):
                return _opaque(value, kind)  # half made, released, or broken
    if kind in _PATHS:
        return cut(f"{class_name(kind)}({str(value)!r})", MAX_STRING)
    return None


def _int(value: Any, kind: Any) -> str:
    if issubclass(kind, enum.Enum):
        return _enum(value, kind)
    bits = int.bit_length(value)
    if bits > MAX_BITS:
        return f"<int of {bits} bits>"
    text = int.__repr__(value)
    return text if kind is int else f"{class_name(kind)}({text})"


def _text(value: Any, kind: Any, base: Any, secrets: SecretNames) -> str:
    """A string, bytes or a bytearray, or what is derived from one."""
    if issubclass(kind, enum.Enum):
        return _enum(value, kind)
    if kind is not base and secrets.hides(class_name(kind)):
        return f"{class_name(kind)}({REDACTED})"
    size = base.__len__(value)
    # Exactly of the base, whatever the subclass does.
    seen = base.__getitem__(value, slice(0, SEEN))
    whole = size <= SEEN
    if base is str:
        masked = mask_text(mask_known(seen, cut=not whole), secrets)
        text, unit = repr(masked[:MAX_STRING]), "characters"
    else:
        readable = seen.decode("latin-1")
        masked = mask_text(mask_known(readable, cut=not whole), secrets)
        kept = masked[:MAX_STRING].encode("latin-1")
        text, unit = repr(kept if base is bytes else bytearray(kept)), "bytes"
    if size > MAX_STRING:
        text += f"{MORE} ({size} {unit})"
    return text if kind is str or base is not str else f"{class_name(kind)}({text})"


def _float(value: Any, kind: type) -> str:
    return f"{class_name(kind)}({float.__repr__(value)})"


def _enum(value: Any, kind: type) -> str:
    name = instance_dict(value).get("_name_")
    return f"{class_name(kind)}.{name if type(name) is str else '?'}"


def _class(value: Any, kind: type) -> str:
    return f"<class {class_name(value)}>"


def _function(value: Any, kind: type) -> str:
    return f"<function {cut(value.__qualname__, MAX_STRING)}>"


def _method(value: Any, kind: type) -> str:
    inner = value.__func__
    name = inner.__qualname__ if type(inner) is types.FunctionType else "?"
    return f"<method {cut(name, MAX_STRING)}>"


def _builtin(value: Any, kind: type) -> str:
    return f"<built-in {cut(value.__name__, MAX_STRING)}>"


def _opaque(value: Any, kind: type) -> str:
    return f"<{class_name(kind)}>"


def _datetime(value: Any, kind: type) -> str | None:
    # A time zone of the program's own would run its code.
    known = kind in (datetime.datetime, datetime.time) and type(value.tzinfo) in _ZONES
    return cut(repr(value), MAX_STRING) if known else f"<{class_name(kind)}>"


def _decimal(value: Any, kind: type) -> str:
    size = len(decimal.Decimal.as_tuple(value).digits)
    if kind is not decimal.Decimal or size > MAX_STRING:
        return f"<{class_name(kind)} of {size} digits>"
    return repr(value)


def _pattern(value: Any, kind: type) -> str:
    of: object = value.pattern
    text = leaf(of, type(of)) or "?"
    return f"re.compile({cut(text, MAX_STRING)})"


def _memory(value: Any, kind: type) -> str:
    return f"<{class_name(kind)} of {value.nbytes} bytes>"


def _array(value: Any, kind: type) -> str:
    return f"<{class_name(kind)} of {_ARRAY.__len__(value)} items>"


# Classes come before what can be an instance of them; the first that fits wins.
_SIMPLE: Final[tuple[tuple[Any, Callable[[Any, type], str | None]], ...]] = (
    (str, _opaque),
    (int, _int),
    (bytes, _opaque),
    (bytearray, _opaque),
    (float, _float),
    (enum.Enum, _enum),
    (type, _class),
    (types.FunctionType, _function),
    (types.MethodType, _method),
    (types.BuiltinFunctionType, _builtin),
    (types.ModuleType, _opaque),
    (types.CoroutineType, _opaque),
    (types.GeneratorType, _opaque),
    (types.AsyncGeneratorType, _opaque),
    (types.FrameType, _opaque),
    (types.TracebackType, _opaque),
    (types.CodeType, _opaque),
    (datetime.datetime, _datetime),
    (datetime.time, _datetime),
    (decimal.Decimal, _decimal),
    (re.Pattern, _pattern),
    (memoryview, _memory),
    (array.array, _array),
    (functools.partial, _opaque),
)
