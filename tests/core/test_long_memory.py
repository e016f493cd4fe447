"""What a node remembers: one crasher evicts nobody else's troubles."""

from collections.abc import Iterator

from trio_sup._core.events import (
    ChildCrashed,
    ChildRemoved,
    ChildStarted,
    ChildStarting,
    ChildStopping,
    LifecycleEvent,
    RestartDecided,
)
from trio_sup._core.exits import Exit
from trio_sup._core.long_memory import EACH, FULL, NEWEST, SUPERVISORS, LongMemory


def crashed(error: Exception) -> Exit:
    return Exit("crashed", error)


class Told:
    """A node that emits into a memory."""

    def __init__(self) -> None:
        self.memory = LongMemory()
        self.number = 0

    def emit(self, *entry: object) -> None:
        if len(self.memory.entries) >= FULL:
            self.memory.fold()
        self.number += 1
        make, *fields = entry
        self.memory.entries.append((make, (float(self.number), *fields)))  # type: ignore[arg-type]

    def restart(self, path: str, life: int) -> None:
        self.emit(ChildCrashed, path, life, crashed(ValueError(path)), "permanent")
        self.emit(RestartDecided, path, life, 0.0, "one_for_one")
        self.emit(ChildStarting, path, life + 1)
        self.emit(ChildStarted, path, life + 1)


def all_of(memory: LongMemory) -> Iterator[tuple[int, LifecycleEvent]]:
    yield from memory.older()
    newest = memory.newest()
    last = memory.folded + len(memory.entries)
    yield from enumerate(newest, last - len(newest) + 1)


def test_a_storm_of_one_supervisor_evicts_no_trouble_of_another() -> None:
    told = Told()
    for life in range(1, 4):
        told.restart("shop/db/pool", life)
    for life in range(5000):
        told.restart("shop/mail/smtp", life)
    paths = [event.path for _, event in all_of(told.memory)]
    assert [e.kind for _, e in told.memory.older() if "db" in e.path] == [
        *("child_crashed", "restart_decided", "child_started"),
    ] * 3
    assert paths.count("shop/mail/smtp") <= NEWEST + EACH + FULL - NEWEST


def test_a_thousand_orderly_starts_evict_no_trouble_of_their_supervisor() -> None:
    told = Told()
    told.restart("shop/sessions/s0", 1)
    for n in range(5000):
        told.emit(ChildStarting, f"shop/sessions/s{n}", 1)
        told.emit(ChildStarted, f"shop/sessions/s{n}", 1)
        told.emit(ChildRemoved, f"shop/sessions/s{n}", 1)
    kinds = [event.kind for n, event in told.memory.older() if n <= 4]
    assert kinds == ["child_crashed", "restart_decided", "child_started"]


def test_what_became_of_a_trouble_is_kept_with_it() -> None:
    told = Told()
    reason = "one_for_all after 'a' ended"
    told.emit(ChildCrashed, "s/a", 1, crashed(ValueError()), "temporary")
    told.emit(ChildRemoved, "s/a", 1)
    told.emit(ChildStopping, "s/b", 1, reason)
    told.emit(ChildStopping, "s/c", 1, "terminated")
    for n in range(2 * FULL):
        told.emit(ChildStarting, f"x/{n}", 1)
    kept = [(event.path, event.kind) for _, event in told.memory.older(0)[:3]]
    assert kept == [
        ("s/a", "child_crashed"),
        ("s/a", "child_removed"),
        ("s/b", "child_stopping"),
    ]


def test_events_keep_their_order_and_their_numbers_and_are_bounded() -> None:
    told = Told()
    for n in range(20_000):
        told.restart(f"s{n % 200}/child", n)
    known = list(all_of(told.memory))
    assert [n for n, _ in known] == sorted({n for n, _ in known})
    assert all(event.at == n for n, event in known)
    assert len(known) <= FULL + SUPERVISORS * EACH
    assert len(told.memory.newest()) == NEWEST
    assert told.memory.older(known[-1][0]) == []


def test_an_exit_is_let_go_wherever_it_is_kept() -> None:
    told = Told()
    heavy, words = crashed(ValueError("heavy")), crashed(ValueError("words"))
    told.emit(ChildCrashed, "a/b", 1, heavy, "permanent")
    for n in range(2 * FULL):
        told.emit(ChildStarting, f"x/{n}", 1)
    told.memory.let_go(heavy, words)
    [(_, event), *_] = told.memory.older()
    assert isinstance(event, ChildCrashed)
    assert event.exit is words
