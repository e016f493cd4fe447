"""The handle of a child, as somebody expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._children.record import Child
from trio_sup._core.errors import WrongKind
from trio_sup._core.targets import origin_of

if TYPE_CHECKING:
    from trio_sup._children.record import Record


def handle_as(record: Record, kind: type[object] | None) -> Child:
    """Return the handle, if it is what the caller expects.

    Args:
        record: Whose.
        kind: A server class, a handle class, or None for any.

    Raises:
        WrongKind: it is something else.
    """
    if kind is None or kind is record.spec.target:
        return record.handle
    wanted = origin_of(kind)
    if issubclass(wanted, Child):
        fits = isinstance(record.handle, wanted)
    else:
        target = record.spec.target
        fits = record.spec.kind == "server" and issubclass(origin_of(target), wanted)
    if not fits:
        found = f"a {record.spec.kind} ({record.target_name})"
        raise WrongKind(record.path_text, found, wanted.__qualname__)
    return record.handle
