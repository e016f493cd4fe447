"""From small drawn numbers to scripts of faults; 0 is always the plainest.

Single random faults rarely reach the rules that matter, so most moves are small
stories: crashes up to a limit and beyond, around the edge of its window, starts that
fail after a crash, two children at once, a stop by hand before a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from trio_sup.testing._run import visits
from trio_sup.testing._run.ground import Ground, Move, Target, crash, survey as survey
from trio_sup.testing.faults import (
    CancelClient,
    Crash,
    CtrlC,
    CutTree,
    Deaf,
    FailBlock,
    FailStart,
    Fault,
    Flood,
    Interrupt,
    Newcomer,
    Onlooker,
    Resize,
    Rush,
    Slow,
    StartAgain,
    StopServer,
    Suspend,
    Terminate,
    Vanish,
    Work,
    is_own,
)

AMOUNTS = 8
FINE = 32
"""Into how many a drawn amount is divided further, where a place is chosen by it."""
MUCH_ROOM = 64
"""Capacity of a mailbox from which on a rush does not fill it."""
LONGEST = 15
"""Faults in one script."""

SECONDS = (0.5, 2.0, 7.0, 30.0)


def _crash_at_place(
    ground: Ground, target: Target, at: float, amount: int
) -> list[Fault]:
    life = 1 + amount % 2
    return [
        Crash(target.path, life=life, checkpoint=_place(ground, target, at, amount))
    ]


def _place(ground: Ground, target: Target, at: float, amount: int) -> int:
    """Return one of the waits of a life: each can be drawn, the last ones too."""
    drawn = amount * len(ground.times) + ground.times.index(at)
    there = max(target.checkpoints, 1)
    most = AMOUNTS * FINE * len(ground.times)
    return drawn % there if there <= most else drawn * there // most


def _storm(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    count = max(1, target.limit + (1, 0, 2, -1)[amount % 4])
    return [Crash(target.path, at=at) for _ in range(count)]


def _edge(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """The limit used up, then one more at, before or after the edge of the window."""
    later = at + target.window + (0.0, 0.25, -0.25)[amount % 3]
    return [
        *(Crash(target.path, at=at) for _ in range(target.limit)),
        Crash(target.path, at=later),
        *([Crash(target.path, at=later)] if amount > 3 else []),
    ]


def _later(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Once more, after a life that was long enough to be called healthy."""
    gap = target.healthy + (0.5, 0.0, -0.5)[amount % 3]
    return [Crash(target.path, at=at), Crash(target.path, at=at + max(gap, 0.0))]


def _together(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    others = ground.targets[amount % len(ground.targets) :]
    hit = {target.path: None, **{other.path: None for other in others[:3]}}
    return [Crash(path, at=at) for path in hit]


def _vanish(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    if amount % 2 == 0:
        return [Vanish(target.path, at=at)]
    return [Vanish(target.path, checkpoint=_place(ground, target, at, amount // 2))]


def _fail_start(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    if amount == 7:
        return [FailStart(target.path)]
    failing = FailStart(target.path, life=2, times=1 + amount % (target.limit + 2))
    crashed = ground.targets[0].path if amount > 4 else target.path
    return [failing, Crash(crashed, at=at)]


def _slow(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    seconds = SECONDS[amount % 4]
    if amount < 4:
        return [Slow(target.path, at=at, seconds=seconds)]
    start = Slow(target.path, life=2, checkpoint=-1, seconds=seconds)
    return [start, Crash(target.path, at=at)]


def _deaf(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    deaf = Deaf(target.path, at=at, seconds=SECONDS[amount % 4])
    if amount < 4:
        return [deaf]
    return [deaf, Crash(ground.targets[0].path, at=at)]


def _flood(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    servers = [each for each in ground.targets if each.server]
    if not servers:
        return crash(ground, target, at, amount)
    hit = target if target.server else servers[0]
    flood = Flood(hit.path, at=at, count=(10, 2000)[amount % 2])
    return [flood, *([Crash(hit.path, at=at)] if amount > 3 else [])]


def _rush(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Messages that wait, and what befalls those who wait."""
    servers = [each for each in ground.targets if each.server]
    if not servers:
        return crash(ground, target, at, amount)
    hit = target if target.server else servers[amount % len(servers)]
    count = 6 if hit.room > MUCH_ROOM else int(hit.room * 1.5) + 6
    rush = Rush(hit.path, at=at, count=count)
    later = at + 0.25
    befalls: tuple[Fault, ...] = (
        Crash(hit.path, at=later),
        Terminate(hit.path, at=later),
        StopServer(hit.path, at=later),
        Suspend(hit.path, at=later),
        Rush(hit.path, at=later),
        Vanish(hit.path, at=later),
        Slow(hit.path, at=later),
    )
    story: list[Fault] = [rush]
    if amount:
        story.append(befalls[amount - 1])
    if amount == 4:  # suspended with messages waiting, and then down
        story.append(Crash(hit.path, at=at + 0.75))
        story.append(Rush(hit.path, at=at + 0.875))
    return story


def _cancel_client(
    ground: Ground, target: Target, at: float, amount: int
) -> list[Fault]:
    return [CancelClient(at=at)]


def _cut(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    if amount % 2 == 0:
        return [CutTree(at=at)]
    return [CutTree(step=1 + int(amount / AMOUNTS * ground.steps))]


def _end_in_stop(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """A crash, or a restart that fails, while a sibling holds up the stop of all."""
    later = ground.targets[ground.targets.index(target) + 1 :]
    siblings = [other for other in later if other.above == target.above]
    among = siblings or later or ground.targets
    deaf = Deaf(among[amount % len(among)].path, at=at, seconds=SECONDS[1])
    if amount < 4:
        return [deaf, CutTree(at=at), Crash(target.path, at=at + 0.25)]
    slow = Slow(target.path, life=2, checkpoint=-1, seconds=0.5)
    failing = FailStart(target.path, life=2)
    return [slow, failing, deaf, Crash(target.path, at=at), CutTree(at=at + 0.25)]


def _interrupt(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    return [Interrupt(target.path, at=at)]


def _ctrl_c(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Once, or twice while a child takes its time; or beside another bad moment."""
    presses: list[Fault] = [CtrlC(at=at)]
    if amount not in (0, 2):
        presses.append(CtrlC(at=at + (0.0625, 0.5)[amount % 2]))
    if amount in (2, 3):
        return [Deaf(target.path, at=at, seconds=SECONDS[amount % 3]), *presses]
    return [Terminate(target.path, at=at), *presses] if amount > 5 else presses


def _terminate(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """A stop by hand before somebody's crash, or while the child is to come back."""
    if amount > 5:
        return [Crash(target.path, at=at), Terminate(target.path, at=at + 0.25)]
    other = ground.targets[amount % len(ground.targets)]
    return [Terminate(target.path, at=at), Crash(other.path, at=at + 0.5)]


def _asked_in_stop(
    ground: Ground, target: Target, at: float, amount: int
) -> list[Fault]:
    """Requests in line while a child takes its time, and the tree is to end."""
    others = [each for each in ground.targets if each.above == target.above]
    other = others[amount % len(others)]
    end = CtrlC(at=at + 0.25) if amount % 2 else CutTree(at=at + 0.25)
    return [
        Deaf(target.path, at=at, seconds=SECONDS[1]),
        Terminate(target.path, at=at),
        Terminate(other.path, at=at + 0.125),
        StartAgain(target.path, at=at + 0.125),
        end,
    ]


def _bounce(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    times = target.limit if amount % 2 else 1
    bounces: list[Fault] = []
    for _ in range(times):
        bounces += [Terminate(target.path, at=at), StartAgain(target.path, at=at)]
    return [*bounces, Crash(target.path, at=at + 0.25)]


def _released(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """Restarts up to a limit and beyond, then a start by hand, and once more.

    Or the start is that of somebody whose group waits for its time.
    """
    first = next(each for each in ground.targets if each.above == target.above)
    if amount % 2 and first is not target:
        return [
            Crash(first.path, at=at),
            StartAgain(target.path, at=at + 0.25),
            Crash(target.path, at=at + 0.5),
        ]
    crashes: list[Fault] = [Crash(target.path, at=at) for _ in range(target.limit + 1)]
    again = StartAgain(target.path, at=at + 0.25)
    return [*crashes, again, Crash(target.path, at=at + 0.5)]


def _early(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    """A start by hand, before the time has come for which a child waits."""
    waiting = [each for each in ground.targets if each.backs_off]
    if not waiting:
        return _released(ground, target, at, amount)
    one = target if target.backs_off else waiting[amount % len(waiting)]
    # A first restart may follow at once; what waits is the second one then.
    crashes = [Crash(one.path, at=at) for _ in range(1 + amount % 2)]
    return [*crashes, StartAgain(one.path, at=at + 0.0625)]


def _fail_block(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
    failing = FailBlock(at=at)
    if amount < 4:
        return [failing]
    return [Deaf(target.path, at=at, seconds=SECONDS[1]), failing]


_MOVES: tuple[tuple[type[Fault], tuple[Move, ...]], ...] = (
    (Crash, (crash, _storm, _storm, _edge, _later, _together, _crash_at_place)),
    (Vanish, (_vanish, _vanish)),
    (FailStart, (_fail_start, _fail_start)),
    (Slow, (_slow,)),
    (Deaf, (_deaf,)),
    (Flood, (_flood,)),
    (CancelClient, (_cancel_client,)),
    (CutTree, (_cut, _end_in_stop)),
    (Interrupt, (_interrupt,)),
    (Terminate, (_terminate, _terminate, _asked_in_stop)),
    (StartAgain, (_bounce, _released, _early)),
    (Rush, (_rush, _rush, _rush)),
    (CtrlC, (_ctrl_c,)),
    (FailBlock, (_fail_block,)),
    (Newcomer, (visits.newcomer,)),
    (Work, (visits.work,)),
    (Resize, (visits.resize,)),
    (Onlooker, (visits.onlooker,)),
)


_PLACED = (_crash_at_place, _vanish)
"""Moves that take the whole of what was drawn as an amount."""


def can_hit(ground: Ground, kinds: Sequence[type[Fault]], *, client: bool) -> bool:
    """Whether a script can have a fault that finds somebody.

    Args:
        ground: The tree.
        kinds: The kinds that are allowed.
        client: Whether there is a client to cancel.
    """
    possible = set(kinds)
    if not client:
        possible.discard(CancelClient)
    if not any(target.server for target in ground.targets):
        possible -= {Flood, Rush, Suspend, StopServer}
    return bool(ground.targets and possible)


def moves_of(kinds: Sequence[type[Fault]]) -> tuple[Move, ...]:
    """Return the moves that the allowed kinds of faults have a part in."""
    built_in = [move for kind, moves in _MOVES if kind in kinds for move in moves]
    return (*built_in, *(_own(kind) for kind in kinds if is_own(kind)))


def _own(kind: type[Fault]) -> Move:
    def move(ground: Ground, target: Target, at: float, amount: int) -> list[Fault]:
        return [kind.drawn(target.path, at, amount)]

    return move


Draw: TypeAlias = tuple[int, int, int, int]
"""The numbers of a move, a target, a time and an amount; each is taken modulo."""


def script_of(
    ground: Ground,
    moves: Sequence[Move],
    kinds: Sequence[type[Fault]],
    draws: Iterable[Draw],
) -> list[Fault]:
    """Return the script that drawn numbers stand for.

    Args:
        ground: The tree.
        moves: What is drawn from.
        kinds: The kinds that are allowed; of a move, faults of other kinds are left out.
        draws: One for each move.
    """
    script: list[Fault] = []
    if not ground.targets or not moves:
        return script
    for number, target, time, amount in draws:
        move = moves[number % len(moves)]
        story = move(
            ground,
            ground.targets[target % len(ground.targets)],
            ground.times[time % len(ground.times)],
            amount if move in _PLACED else amount % AMOUNTS,
        )
        script += [fault for fault in story if type(fault) in kinds]
    return script[:LONGEST]
