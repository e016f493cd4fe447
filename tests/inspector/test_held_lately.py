"""The lint of a held loop says who held it, where the node has told that."""

from trio_sup.inspect.model.held_lately import HeldLately
from trio_sup.inspect.protocol.wire import Heartbeat
from trio_sup.inspect.protocol.wire_details import Hold, Holds

BEAT = Heartbeat(100.0, 0.653)
WHERE = "node.py:94 in resize"


def hold(
    at: float, seconds: float, name: str = "root/thumbs", where: str = WHERE
) -> Hold:
    return Hold(at, seconds, 7, name, where, 3, 4)


def words(*holds: Hold, now: float = 101.0) -> str:
    return HeldLately().words(BEAT, Holds(now, list(holds)), now)


def test_it_names_the_child_and_the_line_of_that_very_hold() -> None:
    assert words(hold(50.0, 0.745, "root/other"), hold(99.4, 0.66)) == (
        f"was held for 653 ms by root/thumbs at {WHERE}, 1 s ago"
    )


def test_where_nobody_could_look_it_names_the_child_alone() -> None:
    said = words(hold(99.4, 0.66, where=""))
    assert said == "was held for 653 ms by root/thumbs, 1 s ago"


def test_of_a_hold_that_the_node_keeps_no_more_it_tells_of_the_worst_one() -> None:
    said = words(hold(10.0, 0.745), hold(99.4, 0.12, "root/other"))
    assert said.startswith("was held for 653 ms, 1 s ago; 745 ms in this hour were by")
    assert said.endswith(f"by root/thumbs at {WHERE}")


def test_before_the_node_has_told_anything_it_says_how_long_and_when() -> None:
    held = HeldLately()
    assert held.words(BEAT, None, 103.0) == "was held for 653 ms, 3 s ago"
    assert held.words(BEAT, None, 161.0) == ""
