"""One supervisor of the cluster on one node: takes children, ends them, hands them over.

It looks at the records of its supervisor, at the members and at what runs here, and does
what `trio_sup.cluster._rules.placing.deed` says, for each child on its own (who is to
have it: `hosts` and `first` there).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import trio

from trio_sup._children.refusals import StartFailed, StartIgnored
from trio_sup._core.addresses import ClaimedVia
from trio_sup._core.errors import NoSuchChild, SupervisionError, SupervisorStopping
from trio_sup._core.exits import describe_error
from trio_sup._core.policies import Budget
from trio_sup._core.specs import ChildSpec
from trio_sup._trio.log import Log
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._nodes.factories import factory_named
from trio_sup.cluster._rules.keys import decode_key, encode_key
from trio_sup.cluster._rules.placing import ChildRecord, Here, deed, first, hosts
from trio_sup.cluster._rules.words import Name
from trio_sup.cluster.errors import EngineUnavailable, NameTaken

if TYPE_CHECKING:
    from trio_sup._children.record import Child
    from trio_sup._tree.dynamic import DynamicSupervisor
    from trio_sup.cluster._nodes.membership import Membership
    from trio_sup.cluster._nodes.session import Session
    from trio_sup.cluster._nodes.shelves import Shelf

_log: Final = Log("trio_sup.cluster")
_OVER: Final = frozenset({"normal", "crashed"})
"""How a child ends for good by itself; other ends are somebody's wish."""


class Placer:
    """Cares for the children of one supervisor on one node.

    Args:
        membership: The node.
        shelf: The records.
        children: Where they run here.
        budget: How often one may be restarted here before it is given up.
    """

    def __init__(
        self,
        membership: Membership,
        shelf: Shelf,
        children: DynamicSupervisor,
        budget: Budget,
    ) -> None:
        self._membership = membership
        self._shelf = shelf
        self._children = children
        self._budget = budget
        self._here: dict[Name, Child] = {}
        self._busy: set[Name] = set()
        self._due: set[Name] = set()
        # What could not be done: looked at again with each heartbeat, or free name.
        self._put_off: set[Name] = set()
        self.leaving: bool = False
        """Set once nothing is to be taken here any more."""
        self._all_due = True
        self._wake = Waiters()
        self._nursery: trio.Nursery

    # The task.

    async def run(self) -> None:
        """Care for them until cancelled; then hand over what ran here."""
        own, shelf = self._membership, self._shelf
        self._adopt()
        shelf.listeners.append(self._look_at)
        own.placers.append(self)
        own.hosting(shelf.id, on=True)
        try:
            async with trio.open_nursery() as self._nursery:
                for name, handle in self._here.items():
                    self._nursery.start_soon(self._watch, name, handle)
                await self._keep_placing()
        finally:
            shelf.listeners.remove(self._look_at)
            own.placers.remove(self)
            own.hosting(shelf.id, on=False)
            with trio.CancelScope(shield=True):
                await self.hand_over()

    def _adopt(self) -> None:
        """Find what runs here: the placer of an earlier life has started it."""
        for info in self._children.which_children():
            name = info.handle.record.spec.name
            if isinstance(name, ClaimedVia):
                self._here[encode_key(name.key)] = info.handle

    def chance(self) -> None:
        """Names may be free, or the engine answers again."""
        if self._put_off:
            self._due |= self._put_off
            self._put_off.clear()
            self._wake.wake()

    def _look_at(self, name: Name | None) -> None:
        if name is None:
            self._all_due = True
        else:
            self._due.add(name)
        self._wake.wake()

    async def _keep_placing(self) -> None:
        while True:
            session = self._membership.present
            if session is None or not session.valid() or not self._shelf.known:
                self._all_due = True
                await self._wake.wait()
            elif self._all_due:
                self._all_due = False
                self._due = {*self._shelf.records, *self._here}
            elif self._due:
                due, self._due = self._due, set()
                for name in due:
                    self._decide(session, name)
            else:
                await self._wake.wait()

    def _decide(self, session: Session, name: Name) -> None:
        if self.leaving:
            return
        record, members = self._shelf.records.get(name), session.holdings.members
        me, is_first = session.info.id, False
        if record is not None and record.is_free(members.keys()):
            best = first(name, hosts(members.values(), self._shelf.id, record))
            is_first = best is not None and best.id == me
        here = self._state(name)
        what = deed(record, here, me=me, members=members.keys(), is_first=is_first)
        match what:
            case "take" if record is not None:
                self._do(name, self._take, name, record)
            case "note" if record is not None:
                self._do(name, self._note, name, record)
            case "end":
                self._do(name, self._end, name)
            case "forget":
                self._do(name, self._forget, name)
            case _:
                pass

    def _state(self, name: Name) -> Here:
        if name in self._busy:
            return "busy"
        if name not in self._here:
            return "absent"
        return "waiting" if self._membership.names.held(name) is None else "holding"

    def _do(
        self, name: Name, what: Callable[..., Awaitable[None]], *args: object
    ) -> None:
        self._busy.add(name)
        self._nursery.start_soon(self._done, name, what, args)

    async def _done(
        self,
        name: Name,
        what: Callable[..., Awaitable[None]],
        args: tuple[object, ...],
    ) -> None:
        try:
            await what(*args)
        except (EngineUnavailable, NameTaken, SupervisorStopping) as error:
            _log.debug("supervisor %s: %s: %s", self._shelf.id, name, error)
            self._put_off.add(name)
        else:
            self._look_at(name)
        finally:
            self._busy.discard(name)

    # What is done.

    async def _take(self, name: Name, record: ChildRecord) -> None:
        """Start a child here, if its name is free."""
        try:
            spec = self._spec(name, record)
            handle = await self._children.start_child(spec)
        except StartFailed as failed:
            cause: BaseException = failed.__cause__ or failed
            if isinstance(cause, NameTaken):
                raise cause from None
            await self._give_up(name, record, describe_error(cause))
        except StartIgnored:
            await self._swap(name, None)
        except (TypeError, ValueError, SupervisionError) as error:
            if isinstance(error, SupervisorStopping):
                raise
            await self._give_up(name, record, describe_error(error))
        else:
            self._here[name] = handle
            try:
                await self._note(name, record)
            finally:
                self._nursery.start_soon(self._watch, name, handle)

    def _spec(self, name: Name, record: ChildRecord) -> ChildSpec[Any]:
        factory = factory_named(record.factory)
        if factory is None:
            raise ValueError(f"this node has no factory {record.factory!r}")
        spec, key = factory.made_of(record.args, record.kwargs), decode_key(name)
        return spec.replace(
            name=self._membership.names.via(key),
            id=key,
            budget=spec.budget or self._budget,
        )

    async def _note(self, name: Name, record: ChildRecord) -> None:
        """Say that a child runs here."""
        session = self._membership.session()
        if self._membership.names.held(name) is not None:
            await self._swap(name, record.taken_by(session.info.id), record)

    async def _end(self, name: Name) -> None:
        """End what there is of a child here."""
        await self._terminate(name)

    async def _terminate(self, name: Name) -> None:
        handle = self._here.pop(name, None)
        if handle is not None:
            try:
                await self._children.terminate_child(handle)
            except NoSuchChild:
                pass  # it ended meanwhile

    async def _forget(self, name: Name) -> None:
        await self._swap(name, None)

    async def _give_up(self, name: Name, record: ChildRecord, why: str) -> None:
        await self._swap(name, record.as_("failed", why), record)

    async def _swap(
        self,
        name: Name,
        new: ChildRecord | None,
        expected: ChildRecord | None = None,
    ) -> bool:
        """Change a record, if it still is what it was when it was decided upon."""
        old = self._shelf.texts.get(name)
        if old is None or expected not in (None, self._shelf.records.get(name)):
            return False
        return await self._membership.shelves.swap(self._shelf, name, old, new)

    async def _watch(self, name: Name, handle: Child) -> None:
        """Wait until a child is down for good; if by itself, say so to all."""
        await handle.wait_stopped()
        if self._here.get(name) is not handle:
            return  # it was ended from here
        status, exit = handle.status, handle.last_exit
        self._do(name, self._came_to_rest, name, status == "quarantined", exit)

    async def _came_to_rest(self, name: Name, is_failure: bool, exit: Any) -> None:
        record = self._shelf.records.get(name)
        mine = record is not None and record.node == self._membership.id
        if record is not None and mine:
            if is_failure:
                await self._retry(self._give_up, name, record, str(exit))
            elif exit is not None and exit.kind in _OVER:
                await self._retry(self._swap, name, None, record)
        await self._terminate(name)

    async def _retry(self, what: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Do what must reach the engine, for as long as this session lasts."""
        session = self._membership.present
        while session is not None and session.valid():
            try:
                await what(*args)
            except EngineUnavailable:
                await trio.sleep(session.lease.ttl / 30)
            else:
                return

    # Handing over.

    async def hand_over(self) -> None:
        """End what runs here, and let the others take it."""
        self.leaving = True
        me = self._membership.id
        mine = {name for name, each in self._shelf.records.items() if each.node == me}
        async with trio.open_nursery() as nursery:
            for name in mine | self._here.keys():
                nursery.start_soon(self._hand_over, name)

    async def _hand_over(self, name: Name) -> None:
        await self._terminate(name)
        record, session = self._shelf.records.get(name), self._membership.present
        if record is None or session is None or record.node != session.info.id:
            return
        if record.state != "running":
            return
        with trio.move_on_after(session.lease.patience):
            await session.flushed()
            try:
                await self._swap(name, record.as_("wanted"), record)
            except EngineUnavailable as down:
                _log.debug("supervisor %s: %s: %s", self._shelf.id, name, down)


def place(
    membership: Membership, shelf: Shelf, children: DynamicSupervisor, budget: Budget
) -> Callable[[], Awaitable[None]]:
    """Return what runs as a child beside the children."""

    async def placer() -> None:
        await Placer(membership, shelf, children, budget).run()

    return placer
