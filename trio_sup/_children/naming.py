"""The names of one child: that of its specification, and those of a life of its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from trio_sup._core.addresses import Namespace, Via

if TYPE_CHECKING:
    from trio_sup._children.surroundings import HostNode
    from trio_sup._core.specs import ChildSpec


class Named(Protocol):
    """What these functions need of a `trio_sup._children.record.Record`."""

    spec: ChildSpec[Any]
    node: HostNode[Any]
    registries: set[Namespace[Any]] | None


def reserve_name(record: Named) -> None:
    """Take the name before a life starts; raises `AlreadyRegistered`."""
    if record.spec.name is not None:
        registry, key, value = _address(record)
        registry.reserve(key, record, value)


def show_name(record: Named) -> None:
    """The life is ready: look-ups find it."""
    if record.spec.name is not None:
        _address(record)[0].show(record)


def note_registry(record: Named, registry: Namespace[Any]) -> None:
    """Remember where the present life has names of its own."""
    if record.registries is None:
        record.registries = set()
    record.registries.add(registry)


def hide_names(record: Named) -> None:
    """The life is over: look-ups find nothing; the spec's name stays reserved."""
    fatal: BaseException | None = None
    if record.registries is not None:
        registries, record.registries = record.registries, None
        for registry in registries:
            try:
                registry.release_life(record)
            except BaseException as error:  # noqa: BLE001 - raised at the end
                fatal = error
    if record.spec.name is not None:
        _address(record)[0].hide(record)
    if fatal is not None:
        raise fatal


def release_name(record: Named) -> None:
    """The child is at rest: the name is free for others."""
    if record.spec.name is not None:
        _address(record)[0].release(record)


def move_names(free: Iterable[tuple[Named, Hashable]], take: Iterable[Named]) -> None:
    """Free names and take others, with nothing in between (rule 7).

    A name that cannot be taken is left: whoever starts its child is told.

    Args:
        free: Who has a name no more, and which it was.
        take: Who has the name of its specification from now on.
    """
    for record, name in free:
        if name is not None:
            _address_of(record, name)[0].release(record)
    for record in take:
        try:
            reserve_name(record)
        except Exception:  # noqa: BLE001, S110 - raised again by the start
            pass


def _address(record: Named) -> tuple[Namespace[Any], Hashable, object]:
    return _address_of(record, record.spec.name)


def _address_of(
    record: Named, name: Hashable
) -> tuple[Namespace[Any], Hashable, object]:
    if isinstance(name, Via):
        return name.registry, name.key, name.value
    return record.node.registry, name, None
