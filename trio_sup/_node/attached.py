"""The tasks that attached themselves, as those who look at a node see them.

Nobody supervises them; they stand in the tree under a node of their own, which is there
as long as there is one of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import trio

from trio_sup._children.record import Record
from trio_sup._core.specs import ChildSpec

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._children.surroundings import HostNode

PATH: Final = "attached"
"""The path of the node under which they stand."""


class AttachedRecord(Record):
    """The record of a task that attached itself."""

    __slots__ = ("group",)

    def __init__(
        self,
        spec: ChildSpec[Any],
        id: Hashable,
        node: HostNode[Record],
        group: AttachedTasks,
    ) -> None:
        super().__init__(spec, id, None, node)
        self.group: AttachedTasks = group
        if id is None:
            self.id = self.path_text = f"{PATH}-{self.uid}"
        self.path_text = f"{PATH}/{self.path_text}"

    @property
    def parent_uid(self) -> int:
        """The number of the node under which it stands."""
        return self.group.uid

    @property
    def label(self) -> str:
        """The id as text."""
        return self.path_text.removeprefix(f"{PATH}/")

    def begin(self) -> None:
        """It is there from now on."""
        self.group.tasks[self.uid] = self
        self.group.version += 1
        self.touch()

    def end(self) -> None:
        """It is gone."""
        self.group.tasks.pop(self.uid, None)
        self.group.version += 1
        self.touch()


class AttachedTasks:
    """The node of the tree under which they stand: an `ObservedChild`, and no more.

    Its public members are that protocol's.
    """

    parent_uid: int = 0
    label: str = PATH
    path_text: str = PATH
    target_name: str = PATH
    kind: str = "supervisor"
    restart_type: str = "permanent"
    name_text: str = ""
    last_exit_text: str = ""
    last_traceback: str = ""
    status: str = "running"
    life: int = 1
    restarts: int = 0
    alive: bool = True
    mailbox: None = None
    budget: None = None
    held: bool = False

    def __init__(self, uid: int) -> None:
        self.uid: int = uid
        self.version: int = 0
        self.life_began: float = trio.current_time()
        self.tasks: dict[int, AttachedRecord] = {}

    def observed_children(self) -> Iterable[AttachedRecord]:
        """Those that are attached, in the order in which they came."""
        return list(self.tasks.values())

    def inside(self) -> _NothingInside:
        """There is nothing to be told."""
        return _NothingInside()


class _NothingInside:
    """What is told of it on request: nothing."""

    task: Task | None = None
    server: object | None = None
    formatter: type | None = None

    def formatted_state(self) -> Mapping[str, object]:
        return {}

    def messages(self, limit: int) -> Sequence[Any]:
        del limit
        return ()

    def current(self) -> None:
        return None

    def measure(self, meter: object) -> None:
        del meter

    def spy(self, watcher: object) -> None:
        del watcher

    def mailbox_facts(self) -> tuple[bool, int, int, int, int]:
        return False, 0, 0, 0, 0

    def lives(self) -> Sequence[tuple[int, float, float, str, str]]:
        return ()

    def facts(self) -> Iterable[tuple[str, str]]:
        """Nothing: it is a task like any other."""
        return ()

    def links(self) -> Iterable[tuple[str, int, str]]:
        return ()

    def calls(self) -> Iterable[Any]:
        return ()
