"""Which child is meant by what people type. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.protocol.wire import Row

_NAMED: Final = 5
"""How many of those that fit a message names."""


class NoChildFits(LookupError):
    """No child fits; `str` is one line."""


class SeveralChildrenFit(LookupError):
    """Several fit; `str` is one line that names some."""


def find_child(rows: Iterable[Row], wanted: str) -> int:
    """The id of the child that is meant.

    Args:
        rows: All of them.
        wanted: ``#12`` for a serial number, else a path, else a registered name,
            else the end of a path.

    Raises:
        NoChildFits: none fits.
        SeveralChildrenFit: several do.
    """
    rows = list(rows)
    if wanted.startswith("#"):
        found = [row for row in rows if str(row.id) == wanted[1:]]
    else:
        end = f"/{wanted.strip('/')}"
        found = (
            [row for row in rows if row.path == wanted]
            or [row for row in rows if row.name and row.name == wanted]
            or [row for row in rows if f"/{row.path}".endswith(end)]
        )
    if not found:
        raise NoChildFits(f"no child {wanted!r}: trio-sup ps lists them")
    if len(found) > 1:
        paths = ", ".join(f"{row.path} (#{row.id})" for row in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise SeveralChildrenFit(f"{len(found)} children fit {wanted!r}: {paths}{more}")
    return found[0].id
