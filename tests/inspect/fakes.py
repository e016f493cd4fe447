"""A node made of plain records that fulfil `trio_sup.inspect.node.source`."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import define, field
from trio.lowlevel import Task

from trio_sup.inspect.node.source import (
    ObservedChild,
    ObservedEvent,
    ObservedMailbox,
    ObservedNode,
)
from trio_sup.inspect.node.source_asked import Meter, ObservedRegistry, StepWatcher


@define
class FakeMailbox:
    depth: int = 0
    capacity: float = 1024
    peak: int = 0
    handled: int = 0
    in_progress: tuple[str, float] | None = None
    dropped: int = 0
    suspended: bool = False

    @property
    def current(self) -> object | None:
        return self.in_progress

    @property
    def received(self) -> int:
        return self.depth + self.taken

    @property
    def taken(self) -> int:
        return self.handled + (self.in_progress is not None)

    @property
    def inbox(self) -> range:
        return range(self.depth)


Past = tuple[int, float, float, str, str]
Relation = tuple[str, int, str]


@define(eq=False)
class FakeMessage:
    kind: str = "cast"
    op: str = "add"
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(factory=dict[str, object])
    sender_path: str = ""

    @property
    def item(self) -> object:
        return self


@define
class FakeCall:
    source: int
    target: int
    op: str = "add"
    holds: bool = True
    deferred: bool = False
    item: object = field(factory=FakeMessage)


@define
class FakeInside:
    task: Task | None = None
    server: object | None = None
    formatter: type | None = None
    waiting: list[FakeMessage] = field(factory=list[FakeMessage])
    in_hand: FakeMessage | None = None
    past: list[Past] = field(factory=list[Past])
    related: list[Relation] = field(factory=list[Relation])
    unanswered: list[FakeCall] = field(factory=list[FakeCall])
    meter: Meter | None = None
    watcher: StepWatcher | None = None
    format: Callable[[], Mapping[str, object]] = dict

    def formatted_state(self) -> Mapping[str, object]:
        return self.format()

    def measure(self, meter: Meter | None) -> None:
        self.meter = meter

    def spy(self, watcher: StepWatcher | None) -> None:
        self.watcher = watcher

    def messages(self, limit: int) -> Sequence[FakeMessage]:
        return self.waiting[:limit]

    def current(self) -> FakeMessage | None:
        return self.in_hand

    def mailbox_facts(self) -> tuple[bool, int, int, int, int]:
        return False, 0, 0, len(self.waiting), 0

    def lives(self) -> Sequence[Past]:
        return self.past

    def facts(self) -> Iterable[tuple[str, str]]:
        return ()

    def links(self) -> Iterable[Relation]:
        return self.related

    def calls(self) -> Iterable[FakeCall]:
        return self.unanswered


@define(eq=False)
class FakeEvent:
    at: float
    path_text: str
    kind: str
    summary: str


@define(eq=False)
class FakeChild:
    uid: int
    label: str
    parent: "FakeChild | None" = None
    kind: str = "server"
    target_name: str = "app.Server"
    restart_type: str = "permanent"
    name_text: str = ""
    status: str = "running"
    life: int = 1
    restarts: int = 0
    life_began: float = 1.0
    last_exit_text: str = ""
    last_traceback: str = ""
    held: bool = False
    version: int = 1
    mailbox: FakeMailbox | None = None
    budget: tuple[int, int, float] | None = None
    children: list["FakeChild"] = field(factory=list["FakeChild"])
    within: FakeInside = field(factory=FakeInside)

    @property
    def parent_uid(self) -> int:
        return self.parent.uid if self.parent is not None else 0

    @property
    def path_text(self) -> str:
        above = f"{self.parent.path_text}/" if self.parent is not None else ""
        return above + self.label

    def observed_children(self) -> Iterable["FakeChild"]:
        return self.children

    @property
    def alive(self) -> bool:
        return self.status == "running"

    def inside(self) -> FakeInside:
        return self.within

    def crash(self, why: str) -> None:
        self.life += 1
        self.restarts += 1
        self.last_exit_text = f"crashed: {why}"
        self.last_traceback = f"Traceback (most recent call last):\n{why}"
        self.version += 1


@define(eq=False)
class FakeNode:
    name: str = "shop"
    tree: list[FakeChild] = field(factory=list[FakeChild])
    log: list[FakeEvent] = field(factory=list[FakeEvent])
    looks: int = 0
    """How often somebody looked at the tree."""
    uids: int = 0
    remembers: int = 1_000_000
    """How many of `log` are recent."""
    kept: list[tuple[int, FakeEvent]] = field(factory=list[tuple[int, FakeEvent]])

    def roots(self) -> Sequence[FakeChild]:
        self.looks += 1
        return self.tree

    def report_changes(self, to: Callable[[ObservedChild], object]) -> bool:
        return False

    def report_no_more(self, to: Callable[[ObservedChild], object]) -> None:
        pass

    @property
    def past_messages(self) -> tuple[int, int, int]:
        return 0, 0, 0

    @property
    def event_counts(self) -> Mapping[str, int]:
        return Counter(event.kind for event in self.log)

    def child_of(self, task: Task) -> tuple[int, str]:
        return 0, ""

    def registries(self) -> Sequence[ObservedRegistry]:
        return ()

    def present_child(self) -> tuple[int, str]:
        return 0, ""

    def recent_events(self) -> Sequence[FakeEvent]:
        return self.log[-self.remembers :]

    def older_events(self, after: int) -> Sequence[tuple[int, FakeEvent]]:
        return [(n, event) for n, event in self.kept if n > after]

    @property
    def events_emitted(self) -> int:
        return len(self.log)

    def supervisor(self, label: str, parent: FakeChild | None = None) -> FakeChild:
        child = self._add(label, parent)
        child.kind, child.target_name = "supervisor", "one_for_one"
        child.budget = (0, 3, 5.0)
        return child

    def server(self, label: str, parent: FakeChild) -> FakeChild:
        child = self._add(label, parent)
        child.mailbox = FakeMailbox()
        return child

    def _add(self, label: str, parent: FakeChild | None) -> FakeChild:
        self.uids += 1
        child = FakeChild(self.uids, label, parent)
        (self.tree if parent is None else parent.children).append(child)
        return child

    def happened(self, kind: str, child: FakeChild, at: float = 1.0) -> None:
        self.log.append(FakeEvent(at, child.path_text, kind, f"{child.label}: {kind}"))


def shop(servers: int = 2, name: str = "shop") -> FakeNode:
    """``shop`` with a supervisor ``boards`` of servers ``b0``, ``b1``, ..."""
    node = FakeNode(name)
    root = node.supervisor("shop")
    boards = node.supervisor("boards", root)
    for number in range(servers):
        node.server(f"b{number}", boards)
    return node


def boards(node: FakeNode) -> list[FakeChild]:
    """The servers of `shop`."""
    return node.tree[0].children[0].children


# The fakes fulfil the seam: checked by mypy, not at run time.
def check(
    mailbox: FakeMailbox, event: FakeEvent, child: FakeChild, node: FakeNode
) -> tuple[ObservedMailbox, ObservedEvent, ObservedChild, ObservedNode]:
    return mailbox, event, child, node


NEVER = -math.inf
"""`life_began` before the first life."""
