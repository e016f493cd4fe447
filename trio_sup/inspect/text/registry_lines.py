"""What registries hold as lines and as JSON: for the command and the app. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire_registry import NameRow, Names
    from trio_sup.inspect.text.documents import Json

KINDS: Final = {
    "name": "held by",
    "reserved": "reserved for",
    "waiter": "waited for by",
    "subscriber": "heard by",
    "lock": "locked by",
}
"""What each kind says of the child."""


def relation(row: NameRow) -> Clean:
    """What the child has to do with the key."""
    return show.clean(KINDS.get(row.kind, row.kind)[:13])


def notes(row: NameRow) -> Clean:
    """What else there is to say: how many, how full, which value."""
    said: list[str] = []
    if row.kind == "subscriber":
        said.append(f"{row.queued}/{row.capacity} queued")
        said += [f"{row.dropped} dropped"] * bool(row.dropped)
    elif row.kind == "lock":
        said += [f"{row.same} waiting"] * bool(row.same)
    elif row.same > 1:
        said.append(f"one of {row.same}")
    said += [row.value] * bool(row.value)
    return show.clean("  ".join(said))


def registry_lines(names: Names, rows: Sequence[NameRow]) -> Iterator[Clean]:
    """The lines of ``trio-sup registry``.

    Args:
        names: What the node said last.
        rows: The rows of all pages.
    """
    key = min(40, max([len(row.key) for row in rows] + [3]))
    path = min(50, max([len(row.path) for row in rows] + [5]))
    many = len(names.registries) > 1
    yield show.clean(f"{'KEY':<{key}}  {'':<14}{'CHILD':<{path}}".rstrip())
    for row in rows:
        registry = f"  [{row.registry}]" if many else ""
        yield show.clean(
            f"{row.key:<{key}}  {relation(row):<14}{row.path or 'nobody':<{path}}"
            f"  {notes(row)}{registry}".rstrip()
        )


def left_out(names: Names, shown: int) -> str:
    """How many there are besides; empty if there are none."""
    of = f"{names.passing} of {names.total}" if names.text else f"{names.passing}"
    return f"{shown} of {of} shown" if names.passing > shown else ""


def registry_json(node: str, names: Names, rows: Sequence[NameRow]) -> Json:
    """The document of ``trio-sup registry --json``."""
    return {
        "schema": SCHEMA,
        "node": node,
        "search": names.text or None,
        "total": names.total,
        "passing": names.passing,
        "registries": [
            {
                "name": each.name,
                "keys": "unique" if each.unique else "duplicate",
                "held": each.held,
                "passing": each.passing,
            }
            for each in names.registries
        ],
        "names": [_row_json(row) for row in rows],
    }


def _row_json(row: NameRow) -> Json:
    about: Json = {
        "registry": row.registry,
        "kind": row.kind,
        "key": row.key,
        "child": row.child or None,
        "path": row.path or None,
    }
    if row.kind == "subscriber":
        about["queued"], about["capacity"] = row.queued, row.capacity
        about["dropped"] = row.dropped
    elif row.kind == "lock":
        about["waiting"] = row.same
    elif row.kind in ("name", "reserved"):
        about["holders"], about["value"] = row.same, row.value or None
    return about
