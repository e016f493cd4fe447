"""The model of servers: each law is broken by what breaks it."""

from pathlib import Path

import pytest

from tests.harness.server_stage import Stage, Story
from trio_sup.testing._servers import laws
from trio_sup.testing._servers.model import Message


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
    for item in ("a", "b", "c"):
        s.come(item)


def full_too_early(s: Stage) -> None:
    s.come("a", "call")
    s.come("b")
    s.offer("c", "refused")


def newest_is_taken(s: Stage) -> None:
    for item in ("a", "b"):
        s.offer(item, "taken")
    s.offer("c", "taken")


def youngest_is_dropped(s: Stage) -> None:
    for item in ("a", "b", "c"):
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
    s.model.idle("idle", 1.0)


def idle_while_one_waits(s: Stage) -> None:
    s.come("a")
    s.model.idle("idle", 1.0)


def idle_too_early(s: Stage) -> None:
    s.model.idle_due = 2.0
    s.model.idle("idle", 1.0)


def idle_never_comes(s: Stage) -> None:
    s.model.idle_due = 2.0
    s.model.see_idle(3.0)


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
    Story(laws.IDLE_TIME, idle_too_early, "idle too early"),
    Story(laws.IDLE_TIME, idle_never_comes, "idle never comes"),
    Story(laws.CRASH, goes_on_after_a_crash, "goes on after a crash"),
    Story(laws.TURN, starves_the_rest, "starves the rest"),
]


@pytest.mark.parametrize("story", BROKEN, ids=lambda story: story.name)
def test_what_breaks_a_law_is_told(story: Story) -> None:
    assert story.law in story.broken()


def test_the_page_of_laws_has_each_law_by_name() -> None:
    page = Path(__file__).parents[2] / "docs/reference/server-laws.md"
    text = page.read_text(encoding="utf-8")
    names = [law for name, law in vars(laws).items() if name.isupper()]
    found = [law for law in names if isinstance(law, str)]
    assert len(found) == 31
    assert [law for law in found if f"\n{law}\n:   " not in text] == []
