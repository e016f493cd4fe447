"""The children of a tree, as far as a reload is concerned."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

from trio_sup._core.code.following import followed, is_made_of
from trio_sup._core.code.former import MOST, Recognised, first_use
from trio_sup._servers.state import state_of
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._tree.supervisor import Supervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.reconfigured import ReconfigurePlan
    from trio_sup._core.specs import ChildSpec


@frozen
class Renewed:
    """A child that no list names, and that is to run what its modules hold now."""

    record: Record
    spec: ChildSpec[Any]

    async def begin(self) -> None:
        """Give it its new life; of a supervisor, only those below that changed.

        Raises:
            SupervisionError: it did not start, or its supervisor stops.
        """
        handle = self.record.handle
        if isinstance(handle, Supervisor):
            await handle.reconfigure(self.spec)
            return
        shell = self.record.parent
        assert isinstance(shell, DynamicShell)
        await shell.respecify(self.record, self.spec)


def renewed(
    root: Record, plan: ReconfigurePlan | None, modules: Collection[str]
) -> list[Renewed]:
    """Return the children of dynamic supervisors that code of some modules runs in.

    Tasks and connections are not among them: they end with the code they began with.

    Args:
        root: The root's record.
        plan: What is to become of the children that lists name.
        modules: The names of the modules.

    Raises:
        NotFollowed: one runs what cannot be found again; names the child.
        ChildSpecError: the arguments of one do not fit any more.
    """
    ended = _ended(plan)
    found: list[Renewed] = []
    for record in _all_below(root, ended):
        if type(record.parent) is DynamicShell and is_made_of(record.spec, modules):
            spec = followed(record.spec, modules, _find)
            found.append(Renewed(record, spec))
    return found


def _find(module: str, name: str) -> object:
    value: Any = sys.modules[module]
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LookupError(name) from None
    return value


def held_by_survivors(
    root: Record,
    plan: ReconfigurePlan | None,
    anew: Collection[Record],
    recognised: Collection[Recognised],
) -> str:
    """Return which child that goes on has hold of something that is former now.

    Args:
        root: The root's record.
        plan: What is to become of the children that lists name.
        anew: Those that begin anew besides.
        recognised: What knows what is former.
    """
    ended = _ended(plan)
    left = MOST
    for record in _all_below(root, ended):
        if record in anew or not record.alive or record.spec.flags is not None:
            continue
        found, looked = first_use(_hold(record), recognised, left)
        left -= looked
        if found:
            return f"{record.path_text} goes on, and uses {found}"
    return ""


def _hold(record: Record) -> tuple[object, ...]:
    spec = record.spec
    server = getattr(record.mailbox, "server", None)
    state = {} if server is None else state_of(server)
    target: object = spec.target
    given = (target,) if issubclass(type(target), partial) else ()
    return (given, spec.args, dict(spec.keywords), state)


def _ended(plan: ReconfigurePlan | None) -> frozenset[str]:
    return frozenset() if plan is None else frozenset(plan.ends_lives)


def _all_below(record: Record, ended: Collection[str]) -> Iterator[Record]:
    """All that live on below, however deep."""
    for below in list(record.under):
        if below.path_text not in ended:
            yield below
            yield from _all_below(below, ended)
