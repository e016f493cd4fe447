"""What the messages of one server must come to: an automaton over what is seen of them.

It knows no Trio and no mailbox. It is told what arrives, what is refused, what is taken,
what its handlers made of it, how lives begin and end, and keeps a line of its own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from attrs import Factory, define

from trio_sup.testing._servers import laws

Kind: TypeAlias = Literal["call", "cast", "info", "down", "stop"]
Policy: TypeAlias = Literal["reject", "drop_oldest", "drop_newest"]

BOUNDED = ("cast", "info")
ROUNDING = 1e-6
"""Seconds."""


@define(eq=False)
class Message:
    """One message, as far as it matters when it comes."""

    item: object
    """The message itself, by identity."""
    kind: Kind
    name: str
    timer_of: int = 0
    """The life whose timer sent it; 0 if none did."""
    tick: bool = False
    """Whether it is that of `every`."""
    life: int = 0
    """The life in which it came."""
    entered: bool = False
    """Whether its handler was entered."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@define(eq=False)
class ServerModel:
    """One server child, over all its lives."""

    capacity: float
    when_full: Policy
    keeps: bool
    """Whether a crash leaves what waits to the next life."""
    complain: Callable[[str, str], object]
    """Told of a law that is broken, and how."""

    line: deque[Message] = Factory(deque[Message])
    """What waits."""
    bounded: int = 0
    """How many of these count against the capacity."""
    room: list[object] = Factory(list[object])
    """The messages of those who wait for room."""
    passed: list[object] = Factory(list[object])
    """Those of whom another got room before: fine only if they gave up just then."""
    away: list[object] = Factory(list[object])
    """Those of whom who waited when it closed: they are to hear that there is none."""
    open: bool = False
    """Whether a message would be taken."""
    life: int = 0
    ready: bool = False
    """From the end of `init` to the end of the loop."""
    suspended: bool = False
    left: Message | None = None
    """What is out of the line and not yet in hand."""
    in_hand: Message | None = None
    inside: int = 0
    """How many of its callbacks are entered and have not returned."""
    continues: bool = False
    """Whether there is something to continue with."""
    doomed: str = ""
    """What must end the life, if something must."""
    terminated: bool = False
    cancelled_idle: list[object] = Factory(list[object])
    """What was to be done if nothing came, before something came."""
    idle_due: float = math.inf
    """When that is to be done, at the earliest."""
    in_a_row: int = 0
    round: int = -1
    """The round of the scheduler in which it served last."""

    # Lives.

    def begin(self, life: int) -> None:
        """A life begins."""
        self.life = life
        self.open, self.ready, self.suspended = True, False, False
        self.left, self.in_hand, self.inside = None, None, 0
        self.continues, self.doomed, self.terminated = False, "", False
        self.idle_due = math.inf
        self.cancelled_idle.clear()

    def asked(self) -> None:
        """Its supervisor asks it to stop; what comes now is not taken any more."""
        self.open = False

    def enter_terminate(
        self, *, brutal: bool, cut: bool, failed: bool, closes: bool
    ) -> None:
        """`terminate` is entered.

        Args:
            brutal: Whether the life was killed.
            cut: Whether it is cancelled.
            failed: Whether it ends by an error.
            closes: Whether what waits is lost.
        """
        if brutal:
            self.complain(laws.TERMINATE, "terminate runs though it was killed")
        if self.terminated:
            self.complain(laws.TERMINATE, f"terminate runs twice in life {self.life}")
        if not (self.ready or cut):
            self.complain(laws.TERMINATE, "terminate runs though init failed")
        self.terminated = True
        if not (self.doomed or cut or failed):
            self._stops_in_order()
        self.ready = False
        if closes:
            self.open = False

    def _stops_in_order(self) -> None:
        """Nothing ended it but a stop, whose turn it must be."""
        if self.left is not None and self.left.kind == "stop":
            return
        if not any(message.kind == "stop" for message in self.line):
            self.complain(laws.STOP, "it ends though nobody asked it to")
            return
        first = self.line[0]
        if first.kind != "stop" and not self.suspended:
            self.complain(laws.STOP, f"it ends, and {first} waits before the stop")

    def end(self, *, kept: bool, brutal: bool) -> list[Message]:
        """A life has ended; return what of the line is lost.

        Args:
            kept: Whether it ended so that a mailbox that keeps, keeps.
            brutal: Whether it was killed.
        """
        if self.ready and not (self.terminated or brutal):
            self.complain(laws.TERMINATE, f"life {self.life} ends without terminate")
        self.ready, self.in_hand, self.inside = False, None, 0
        self.open = kept and self.keeps
        if not self.open:
            return self.lose()
        lost = [message for message in self.line if not _is_kept(message)]
        if lost:
            self.line = deque(message for message in self.line if _is_kept(message))
        self.bounded = sum(message.kind in BOUNDED for message in self.line)
        return lost

    def lose(self) -> list[Message]:
        """Nothing waits any more; return what did."""
        lost = list(self.line)
        self.line.clear()
        self.bounded, self.open = 0, False
        return lost

    # Arriving.

    def offer(self) -> Literal["closed", "taken", "refused", "dropped"]:
        """A cast or send is about to be put in line; return what must come of it."""
        if not self.open:
            return "closed"
        if self.bounded < self.capacity or self.when_full == "drop_oldest":
            return "taken"
        return "refused" if self.when_full == "reject" else "dropped"

    def make_room(self) -> object:
        """One more is to come; the oldest goes, if it has to: return that."""
        if self.open and self.bounded >= self.capacity:
            oldest = next(each for each in self.line if each.kind in BOUNDED)
            self.line.remove(oldest)
            self.bounded -= 1
            return oldest.item
        return None

    def offered(self, expected: str, came: str) -> None:
        """What came of a cast or send that was to be put in line."""
        if expected == came:
            return
        words = f"a message was {came}; it was to be {expected}"
        if "closed" in (expected, came):
            self.complain(laws.OPEN, words)
        elif came == "refused" or expected == "refused":
            self.complain(laws.BOUND, f"{words}: {self.fill}")
        else:
            self.complain(laws.FULL, f"{words}: {self.fill}")

    @property
    def fill(self) -> str:
        """How full it is, in words."""
        return f"{self.bounded} casts and sends wait, {self.capacity:g} fit"

    def arrive(self, message: Message) -> None:
        """A message is put in line."""
        message.life = self.life
        if not self.open and message.kind != "stop":
            self.complain(laws.OPEN, f"{message} is taken though it is closed")
        if message.timer_of not in (0, self.life):
            words = f"{message} of life {message.timer_of} comes in life {self.life}"
            self.complain(laws.TIMERS, words)
        if message.kind in BOUNDED:
            if self.bounded >= self.capacity:
                self.complain(laws.BOUND, f"{message} is let in: {self.fill}")
            self._gets_room(message)
            self.bounded += 1
        if message.tick and any(each.item is message.item for each in self.line):
            self.complain(laws.TICKS, f"{message} comes while the one before waits")
        self.line.append(message)

    def _gets_room(self, message: Message) -> None:
        if message.item in self.passed:
            self.passed.remove(message.item)
            self.complain(laws.ROOM, f"{message} is let in after who came later")
        if message.item in self.room:
            place = self.room.index(message.item)
            self.passed += self.room[:place]
            del self.room[: place + 1]

    def wait_for_room(self, item: object) -> None:
        """Somebody waits until there is room."""
        self.room.append(item)

    def close(self) -> None:
        """It takes no more; who waits for room is to hear of it."""
        self.away += self.room
        self.room.clear()

    def wait_no_more(self, item: object) -> bool:
        """He waits no more; return whether he never got any."""
        for waiting in self.room, self.away, self.passed:
            if item in waiting:
                waiting.remove(item)
                return True
        return False

    # Served.

    def leave(self, item: object) -> None:
        """A message is taken out of the line."""
        if self.in_hand is None or self.in_hand.item is not item:
            self.left = self._out_of_line(item)

    def take(self, item: object, at_round: int, timer_of: int = 0) -> None:
        """A message is in hand, to be served.

        Args:
            item: Which one.
            at_round: The scheduler's round; 0 if nobody counts them.
            timer_of: The life whose timer sent it; 0 if none did.
        """
        if timer_of not in (0, self.life):
            words = f"what life {timer_of} sent itself is served in life {self.life}"
            self.complain(laws.TIMERS, words)
        if self.suspended:
            self.complain(laws.SUSPENDED, f"{self._words(item)} is served")
        if self.continues:
            self.complain(laws.CONTINUE, f"{self._words(item)} comes first")
            self.continues = False
        if self.doomed:
            words = f"{self._words(item)} is served after {self.doomed}"
            self.complain(laws.CRASH, words)
            self.doomed = ""
        if at_round != self.round:
            self.round, self.in_a_row = at_round, 0
        self.in_a_row += 1
        if at_round and self.in_a_row == laws.MOST_IN_A_ROW + 1:
            words = f"it serves more than {laws.MOST_IN_A_ROW} messages in a row"
            self.complain(laws.TURN, words)
        left, self.left = self.left, None
        if left is None or left.item is not item:
            left = self._out_of_line(item)
        self.in_hand = left

    def _out_of_line(self, item: object) -> Message | None:
        first = self.line[0] if self.line else None
        if first is not None and first.item is item:
            self.line.popleft()
        else:
            found = next((each for each in self.line if each.item is item), None)
            if found is None:
                words = "something is served that does not wait"
                self.complain(laws.LINE, words)
                return None
            assert first is not None
            law = laws.KEPT if first.life < self.life else laws.LINE
            self.complain(law, f"{found} is served before {first}, which came first")
            self.line.remove(found)
            first = found
        if first.kind in BOUNDED:
            self.bounded -= 1
        return first

    def knows(self, item: object) -> bool:
        """Whether a message waits, or has just left the line."""
        left = self.left is not None and self.left.item is item
        return left or any(each.item is item for each in self.line)

    def _words(self, item: object) -> str:
        found = next((each for each in self.line if each.item is item), None)
        return "a message" if found is None else str(found)

    def message_comes(self, idle: object | None) -> None:
        """A message is served while that was to be done if none came."""
        self.idle_due = math.inf
        if idle is not None:
            self.cancelled_idle.append(idle)

    def idle(self, item: object, now: float) -> None:
        """It does what it was to do if nothing came."""
        due, self.idle_due = self.idle_due, math.inf
        if due != math.inf and now < due - ROUNDING:
            self.complain(laws.IDLE_TIME, f"it runs at {now:g}, and is due at {due:g}")
        if any(each is item for each in self.cancelled_idle):
            self.complain(laws.IDLE, "it runs, though a message came before")
        if self.line and not self.suspended:
            self.complain(laws.IDLE, f"it runs, though {self.line[0]} waits")
        self.in_hand = Message(item, "cast", "idle_after", entered=False)

    # Nothing more happens.

    def see_idle(self, now: float) -> None:
        """It does nothing, and nothing waits."""
        if self.idle_due <= now:  # what is due in this moment has been done, too
            words = f"it was due at {self.idle_due:g}, and does not come"
            self.complain(laws.IDLE_TIME, words)
            self.idle_due = math.inf

    def settled(self, *, held_up: bool) -> None:
        """Nothing more happens by itself.

        Args:
            held_up: Whether somebody keeps it from going on.
        """
        if self.away:
            self.complain(laws.ROOM, "who waited for room when it closed still waits")
            self.away.clear()
        if self.passed:
            self.complain(laws.ROOM, "who waits for room waits, others came in")
            self.passed.clear()
        if self.room and not (self.open and self.bounded >= self.capacity):
            words = "who waits for room still waits"
            self.complain(laws.ROOM, f"{words}, and {self.fill}")
            self.room.clear()
        idles = self.ready and not (self.inside or held_up or self.in_hand)
        if idles and self.line and not self.suspended:
            first = self.line[0]
            law = laws.KEPT if first.life < self.life else laws.SERVED
            self.complain(law, f"{first} waits, and the server does nothing")
            self.line.clear()
            self.bounded = 0


def _is_kept(message: Message) -> bool:
    """Whether a message outlives the life in which it came, in a mailbox that keeps."""
    return message.kind in ("call", "cast", "info") and not message.timer_of


def capacity_of(given: Any) -> float:
    """Return the bound of a mailbox."""
    return math.inf if given == math.inf else float(given)
