"""The timeline is readable, however wide the tree."""

from collections.abc import Callable

import trio

from trio_sup import ChildSpec, Supervisor, child, supervisor
from trio_sup.testing import Crash, replay
from trio_sup.testing._run.columns import WIDEST
from trio_sup.testing.timeline import LIMIT, MOST_LANES


def row_of(count: int, id: str = "c") -> Callable[[], ChildSpec[Supervisor]]:
    specs = [child(trio.sleep_forever, id=f"{id}{n}") for n in range(count)]
    return lambda: supervisor(specs, id="app")


def test_few_children_have_columns_with_what_happens_in_them() -> None:
    lines = replay(row_of(2), [Crash("app/c0", at=1.0)]).timeline().splitlines()
    assert lines[0].split() == ["time", "c0", "c1"]
    [crash] = [line for line in lines if "crash (" in line]
    assert crash.split() == ["crash", "(InjectedCrash),", "restart", "|"]


def test_many_children_have_a_mark_each_and_the_text_beside_them() -> None:
    text = replay(row_of(12), [Crash("app/c3", at=1.0)]).timeline()
    lines = text.splitlines()
    assert max(map(len, lines)) < 80
    assert (
        "          | | | * | | | | | | | |  c3: crash (InjectedCrash), restart" in lines
    )
    assert "  10.000  | | | | | | | | | | | |  app: stops all" in lines
    marked = [line for line in lines if "*" in line]
    assert all(
        line.index("*") == 10 + 2 * int(line.split(": ")[0].split("c")[-1])
        for line in marked
    )


def test_of_very_many_children_only_the_text_is_shown() -> None:
    text = replay(row_of(MOST_LANES + 1), [Crash("app/c3", at=1.0)]).timeline()
    assert "   1.000   c3: FAULT Crash" in text.splitlines()
    assert "|" not in text


def test_of_very_much_the_faults_and_what_is_around_them_are_shown() -> None:
    script = [Crash("app/c50", at=1.0), Crash("app/c9", at=2.0)]
    lines = replay(row_of(100), script).timeline().splitlines()
    assert len(lines) <= LIMIT + 5
    assert "   1.000   c50: FAULT Crash" in lines
    assert "           c50: crash (InjectedCrash), restart" in lines
    assert "   2.000   c9: FAULT Crash" in lines
    assert "   0.000   c0: start 1, ready" in lines
    assert lines.count("           …") + lines.count("  10.000   …") == 2


def test_a_name_of_several_lines_stays_in_its_own() -> None:
    text = replay(row_of(1, "two\nlines"), []).timeline()
    assert r"two\nlines0" in text.splitlines()[0]


def test_long_names_are_no_reason_for_long_lines() -> None:
    text = replay(row_of(4, "a_rather_long_name_for_a_child_")).timeline()
    assert max(map(len, text.splitlines())) <= WIDEST
