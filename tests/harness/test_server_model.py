"""The model of servers: each law is broken by what breaks it, and by nothing else."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from trio_sup.testing._servers import laws
from trio_sup.testing._servers.model import Kind, Message, Policy, ServerModel


class Stage:
    """A model in its first life, ready, and what it complains of."""

    def __init__(
        self, capacity: float = 2, when_full: Policy = "reject", *, keeps: bool = False
    ) -> None:
        self.broken: list[str] = []
        self.model = ServerModel(
            capacity, when_full, keeps, lambda law, what: self.broken.append(law)
        )
        self.round = 0
        self.begin(1)

    def begin(self, life: int) -> None:
        self.model.begin(life)
        self.model.ready = True

    def come(self, item: object, kind: Kind = "cast", timer_of: int = 0) -> None:
        self.model.arrive(Message(item, kind, str(item), timer_of))

    def serve(self, *items: object) -> None:
        for item in items:
            self.round += 1
            self.model.take(item, self.round)
            assert self.model.in_hand is None or self.model.in_hand.item is item
            self.model.in_hand = None

    def offer(self, item: object, came: str) -> None:
        """A cast; `came` is what the mailbox made of it."""
        expected = self.model.offer()
        if self.model.when_full == "drop_oldest":
            self.model.make_room()
        if came == "taken":
            self.come(item)
        self.model.offered(expected, came)

    def crash(self, *, kept: bool = True) -> None:
        self.model.doomed = "it raised"
        self.model.enter_terminate(brutal=False, cut=False, failed=True, closes=True)
        self.model.end(kept=kept, brutal=False)

    def stop(self) -> None:
        self.model.enter_terminate(brutal=False, cut=False, failed=False, closes=True)
        self.model.end(kept=False, brutal=False)

    def settle(self, *, held_up: bool = False) -> None:
        self.model.settled(held_up=held_up)


@frozen
class Story:
    """What happens to a server, and which law it breaks."""

    law: str
    happens: Callable[[Stage], object]
    name: str
    capacity: float = 2
    when_full: Policy = "reject"
    keeps: bool = False

    def broken(self) -> list[str]:
        stage = Stage(self.capacity, self.when_full, keeps=self.keeps)
        self.happens(stage)
        return stage.broken


def out_of_order(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.serve("b")


def from_nowhere(s: Stage) -> None:
    s.serve("a")


def twice(s: Stage) -> None:
    s.come("a")
    s.serve("a", "a")


def never_served(s: Stage) -> None:
    s.come("a", "call")
    s.settle()


def kept_reversed(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.crash()
    s.begin(2)
    s.serve("b")


def kept_lost(s: Stage) -> None:
    s.come("a")
    s.crash()
    s.begin(2)
    s.settle()


def closed_takes(s: Stage) -> None:
    s.model.asked()
    s.offer("a", "taken")


def living_refuses(s: Stage) -> None:
    s.offer("a", "closed")


def one_too_many(s: Stage) -> None:
    for item in "abc":
        s.come(item)


def full_too_early(s: Stage) -> None:
    s.come("a", "call")
    s.come("b")
    s.offer("c", "refused")


def newest_is_taken(s: Stage) -> None:
    for item in "ab":
        s.offer(item, "taken")
    s.offer("c", "taken")


def youngest_is_dropped(s: Stage) -> None:
    for item in "abc":
        s.offer(item, "taken")
    s.serve("a")


def last_comes_in_first(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.model.wait_for_room("c")
    s.model.wait_for_room("d")
    s.serve("a")
    s.come("d")
    s.serve("b")
    s.come("c")


def passed_over(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.model.wait_for_room("c")
    s.model.wait_for_room("d")
    s.serve("a")
    s.come("d")
    s.settle()


def forgotten_outside(s: Stage) -> None:
    s.model.wait_for_room("c")
    s.settle()


def not_told_that_it_closed(s: Stage) -> None:
    s.model.wait_for_room("c")
    s.model.close()
    s.begin(2)
    s.settle()


def message_before_continue(s: Stage) -> None:
    s.come("a")
    s.model.continues = True
    s.serve("a")


def stops_before_the_rest(s: Stage) -> None:
    s.come("a")
    s.come("stop", "stop")
    s.stop()


def stops_unasked(s: Stage) -> None:
    s.stop()


def terminate_after_a_kill(s: Stage) -> None:
    s.model.enter_terminate(brutal=True, cut=True, failed=False, closes=True)


def terminate_twice(s: Stage) -> None:
    s.crash()
    s.crash()


def no_terminate(s: Stage) -> None:
    s.model.end(kept=False, brutal=False)


def suspended_serves(s: Stage) -> None:
    s.come("a")
    s.model.suspended = True
    s.serve("a")


def suspended_for_ever(s: Stage) -> None:
    s.model.suspended = True
    s.crash()
    s.begin(2)
    s.come("a")
    s.settle()


def ticks_pile_up(s: Stage) -> None:
    for _ in range(2):
        s.model.arrive(Message("t", "cast", "tick", 1, tick=True))


def an_old_timer_comes(s: Stage) -> None:
    s.crash()
    s.begin(2)
    s.come("t", timer_of=1)


def idle_in_spite_of_a_message(s: Stage) -> None:
    s.come("a")
    s.serve("a")
    s.model.message_comes("idle")
    s.model.idle("idle")


def idle_while_one_waits(s: Stage) -> None:
    s.come("a")
    s.model.idle("idle")


def goes_on_after_a_crash(s: Stage) -> None:
    s.come("a")
    s.model.doomed = "it raised"
    s.serve("a")


def starves_the_rest(s: Stage) -> None:
    for number in range(laws.MOST_IN_A_ROW + 1):
        s.come(number, "call")
        s.model.take(number, 7)
        s.model.in_hand = None


BROKEN = [
    Story(laws.LINE, out_of_order, "out of order"),
    Story(laws.LINE, from_nowhere, "from nowhere"),
    Story(laws.LINE, twice, "twice"),
    Story(laws.SERVED, never_served, "never served"),
    Story(laws.KEPT, kept_reversed, "kept, reversed", keeps=True),
    Story(laws.KEPT, kept_lost, "kept, and lost", keeps=True),
    Story(laws.OPEN, closed_takes, "closed, and takes one"),
    Story(laws.OPEN, living_refuses, "lives, and takes none"),
    Story(laws.BOUND, one_too_many, "one too many"),
    Story(laws.BOUND, full_too_early, "a call counts"),
    Story(laws.BOUND, newest_is_taken, "the newest is taken", 2, "drop_newest"),
    Story(laws.LINE, youngest_is_dropped, "the youngest is dropped", 2, "drop_oldest"),
    Story(laws.ROOM, last_comes_in_first, "last comes in first"),
    Story(laws.ROOM, passed_over, "passed over"),
    Story(laws.ROOM, forgotten_outside, "forgotten outside"),
    Story(laws.ROOM, not_told_that_it_closed, "not told that it closed"),
    Story(laws.CONTINUE, message_before_continue, "a message before continue"),
    Story(laws.STOP, stops_before_the_rest, "stops before the rest"),
    Story(laws.STOP, stops_unasked, "stops unasked"),
    Story(laws.TERMINATE, terminate_after_a_kill, "terminate after a kill"),
    Story(laws.TERMINATE, terminate_twice, "terminate twice"),
    Story(laws.TERMINATE, no_terminate, "no terminate"),
    Story(laws.SUSPENDED, suspended_serves, "suspended, and serves"),
    Story(laws.SERVED, suspended_for_ever, "suspended for ever"),
    Story(laws.TICKS, ticks_pile_up, "ticks pile up"),
    Story(laws.TIMERS, an_old_timer_comes, "an old timer comes"),
    Story(laws.IDLE, idle_in_spite_of_a_message, "idle in spite of a message"),
    Story(laws.IDLE, idle_while_one_waits, "idle while one waits"),
    Story(laws.CRASH, goes_on_after_a_crash, "goes on after a crash"),
    Story(laws.TURN, starves_the_rest, "starves the rest"),
]


@pytest.mark.parametrize("story", BROKEN, ids=lambda story: story.name)
def test_what_breaks_a_law_is_told(story: Story) -> None:
    assert story.law in story.broken()


def in_order(s: Stage) -> None:
    for item, kind in zip("abc", ("cast", "call", "info"), strict=True):
        s.come(item, kind)  # type: ignore[arg-type]
    s.serve(*"abc")
    s.settle()


def kept_in_order(s: Stage) -> None:
    s.come("a")
    s.come("stop", "stop")
    s.come("down", "down")
    s.come("t", timer_of=1)
    s.come("b", "call")
    s.crash()
    s.come("c")
    s.begin(2)
    s.serve(*"abc")
    s.settle()


def lost_with_its_life(s: Stage) -> None:
    s.come("a")
    s.crash()
    s.offer("b", "closed")
    s.begin(2)
    s.settle()


def asked_and_kept_nothing(s: Stage) -> None:
    s.come("a")
    s.come("stop", "stop")
    s.serve("a")
    s.stop()
    s.begin(2)
    s.settle()


def a_call_never_waits_for_room(s: Stage) -> None:
    s.come("a")
    s.come("b")
    for number in range(5):
        s.come(number, "call")
    s.offer("c", "refused")
    s.settle(held_up=True)


def the_oldest_goes(s: Stage) -> None:
    s.come("call", "call")
    for item in "abc":
        s.offer(item, "taken")
    s.serve("call", "b", "c")


def room_in_order(s: Stage) -> None:
    s.come("a")
    s.come("b")
    for item in "cde":
        s.model.wait_for_room(item)
    assert s.model.wait_no_more("d")  # it is cancelled
    for leaves, comes in ("a", "c"), ("b", "e"):
        s.model.leave(leaves)  # the next has its room before that one is in hand
        s.come(comes)
        s.serve(leaves)
    assert not s.model.wait_no_more("e")


def gives_up_as_another_gets_room(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.model.wait_for_room("c")
    s.model.wait_for_room("d")
    s.serve("a")
    s.come("d")  # `c` was cancelled, and has not run yet
    assert s.model.wait_no_more("c")
    s.serve("b", "d")
    s.settle()


def waits_over_a_crash(s: Stage) -> None:
    s.come("a")
    s.come("b")
    s.model.wait_for_room("c")
    s.crash()
    s.settle()
    s.begin(2)
    s.serve("a")
    s.come("c")
    s.serve("b", "c")


def told_that_it_closed(s: Stage) -> None:
    s.model.wait_for_room("c")
    s.crash()
    s.model.close()
    s.begin(2)
    s.come("d")  # before the other one has run
    assert s.model.wait_no_more("c")
    s.serve("d")
    s.settle()


def stops_while_suspended(s: Stage) -> None:
    s.come("a")
    s.model.suspended = True
    s.settle()
    s.come("stop", "stop")
    s.stop()


def continues_and_crashes(s: Stage) -> None:
    s.come("a")
    s.model.continues = True
    s.crash()
    s.begin(2)
    s.settle()


def killed(s: Stage) -> None:
    s.come("a")
    s.model.end(kept=False, brutal=True)
    s.begin(2)
    s.settle()


def cut_in_order(s: Stage) -> None:
    s.come("a")
    s.model.enter_terminate(brutal=False, cut=True, failed=False, closes=True)
    s.model.end(kept=False, brutal=False)


def held_up(s: Stage) -> None:
    s.come("a")
    s.settle(held_up=True)


def ticks_one_by_one(s: Stage) -> None:
    for _ in range(3):
        s.model.arrive(Message("t", "cast", "tick", 1, tick=True))
        s.serve("t")


def idle_asked_anew(s: Stage) -> None:
    s.come("a")
    s.serve("a")
    s.model.message_comes("idle")
    s.model.idle("another")


def busy_with_turns(s: Stage) -> None:
    for number in range(3 * laws.MOST_IN_A_ROW):
        s.come(number, "call")
        s.model.take(number, number // laws.MOST_IN_A_ROW)
        s.model.in_hand = None


FINE = [
    Story("", in_order, "in order", math.inf),
    Story("", kept_in_order, "kept in order", math.inf, keeps=True),
    Story("", lost_with_its_life, "lost with its life"),
    Story("", asked_and_kept_nothing, "asked, so nothing is kept", keeps=True),
    Story("", a_call_never_waits_for_room, "a call never waits for room"),
    Story("", the_oldest_goes, "the oldest cast goes", 2, "drop_oldest"),
    Story("", room_in_order, "room in order"),
    Story("", gives_up_as_another_gets_room, "gives up as another gets room"),
    Story("", waits_over_a_crash, "waits for room over a crash", keeps=True),
    Story("", told_that_it_closed, "told that it closed"),
    Story("", stops_while_suspended, "stops while suspended"),
    Story("", continues_and_crashes, "crashes before it continues"),
    Story("", killed, "killed"),
    Story("", cut_in_order, "its grace is over"),
    Story("", held_up, "held up"),
    Story("", ticks_one_by_one, "ticks one by one"),
    Story("", idle_asked_anew, "idle, asked anew"),
    Story("", busy_with_turns, "busy, with turns"),
]


@pytest.mark.parametrize("story", FINE, ids=lambda story: story.name)
def test_what_is_right_is_not_told_of(story: Story) -> None:
    assert story.broken() == []


def test_the_page_of_laws_has_each_law_by_name() -> None:
    page = Path("docs/reference/server-laws.md").read_text(encoding="utf-8")
    names = [law for law in vars(laws).values() if isinstance(law, str)][1:]
    told = [name for name in names if f"\n{name}\n:   " in page]
    assert len(told) == 27
    assert [name for name in names if " " in name and name not in told][2:] == []
