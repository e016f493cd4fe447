"""The model of servers: what is odd and right breaks no law."""

import math

import pytest

from tests.harness.server_stage import Stage, Story
from trio_sup.testing._servers import laws
from trio_sup.testing._servers.model import Message


def in_order(s: Stage) -> None:
    for item, kind in zip(("a", "b", "c"), ("cast", "call", "info"), strict=True):
        s.come(item, kind)  # type: ignore[arg-type]
    s.serve("a", "b", "c")
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
    s.serve("a", "b", "c")
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
    for item in ("a", "b", "c"):
        s.offer(item, "taken")
    s.serve("call", "b", "c")


def room_in_order(s: Stage) -> None:
    s.come("a")
    s.come("b")
    for item in ("c", "d", "e"):
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
    s.model.idle("another", 1.0)


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
