"""``ps``, ``top``, ``show``, ``events --since`` and the limits of ``status``."""

import json
import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment, in_terminal, read_until
from trio_sup.inspect.client.answer import Answer
from trio_sup.inspect.model.health import Limits, breaches
from trio_sup.inspect.model.typed_times import read_moment
from trio_sup.inspect.protocol.wire import Hello, Row

Here = Callable[..., tuple[int, str, str]]


# --- ps ----------------------------------------------------------------------


def test_ps_is_one_line_for_each_child_under_aligned_titles(here: Here) -> None:
    code, out, err = here("ps")
    assert (code, err) == (0, "")
    heading, *lines = out.splitlines()
    assert heading.split()[0] == "STATE"
    at = heading.index("PATH")
    assert [line[at:] for line in lines] == [
        "shop",
        "shop/boards",
        "shop/boards/b0",
        "shop/boards/b1",
        "shop/boards/b2",
    ]


def test_ps_sorts_filters_cuts_and_reverses(here: Here) -> None:
    def paths(*args: str) -> list[str]:
        code, out, _ = here("ps", *args, "--columns", "path", "--no-heading")
        assert code == 0
        return out.splitlines()

    assert paths("--sort", "restarts", "-n", "1") == ["shop/boards/b1"]
    assert paths("shop", "kind:server", "!b0") == ["shop/boards/b1", "shop/boards/b2"]
    assert paths("restarts>0") == ["shop/boards/b1"]
    assert paths("-r", "-n", "1") == ["shop/boards/b2"]
    assert paths("shop", "nothing-fits") == []


def test_ps_json_is_a_flat_list_in_the_order_asked_for(here: Here) -> None:
    document = json.loads(here("ps", "--json", "--sort", "restarts")[1])
    assert document["schema"] == 1
    assert document["rows"] == len(document["children"]) == 5
    first = document["children"][0]
    assert (first["path"], first["restarts"]) == ("shop/boards/b1", 1)
    assert "children" not in first


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--sort", "rate"], "trio-sup top"),
        (["--sort", "color"], "one of path"),
        (["--columns", "path,color"], "no column 'color'"),
    ],
)
def test_what_ps_cannot_show_is_2_and_says_what_it_can(
    args: list[str], word: str, here: Here
) -> None:
    code, out, err = here("ps", *args)
    assert (code, out) == (2, "")
    # argparse prints the choices of ours in the order of the table.
    assert word in err or word.replace("path", "mailbox") in err


def test_the_columns_can_be_listed(here: Here) -> None:
    code, out, _ = here("ps", "--columns", "help")
    assert code == 0
    assert {"path", "mailbox", "op"} <= {line.split()[0] for line in out.splitlines()}


def test_a_pipe_gets_no_control_codes(here: Here) -> None:
    for args in (["ps"], ["tree"], ["status"], ["show", "b1"], ["top", "--once"]):
        code, out, _ = here(*args)
        assert code == 0
        assert "\x1b" not in out


# --- top ---------------------------------------------------------------------


def test_top_in_a_pipe_prints_one_look_below_the_other(here: Here) -> None:
    code, out, err = here(
        "top", "-c", "2", "-i", "0.1", "-n", "1", "--sort", "restarts"
    )
    assert (code, err) == (0, "")
    looks = out.strip().split("\n\n")
    assert len(looks) == 2
    for look in looks:
        totals, heading, child = look.splitlines()
        assert "5 children" in totals
        assert "MSG/S" in heading
        assert child.endswith("shop/boards/b1")


def test_top_json_is_one_object_a_line_with_rates(here: Here) -> None:
    _, out, _ = here("top", "-c", "2", "-i", "0.1", "--json", "kind:server")
    first, second = map(json.loads, out.splitlines())
    assert first["schema"] == second["schema"] == 1
    assert second["wall"] > first["wall"]
    assert {child["handled_per_second"] for child in second["children"]} == {0.0}


@pytest.mark.parametrize("how", ["q", "sigterm"])
def test_top_gives_the_terminal_back_as_it_was(how: str, shop_directory: Path) -> None:
    with in_terminal(shop_directory, "top", "-i", "0.1") as (process, master):
        before = termios.tcgetattr(master)
        seen = read_until(master, b"shop/boards/b2")
        assert seen.startswith(b"\x1b[?1049h\x1b[?25l")
        if how == "q":
            os.write(master, b"q")
        else:
            process.send_signal(signal.SIGTERM)
        read_until(master, b"\x1b[?25h\x1b[?1049l")
        assert process.wait(20) == (0 if how == "q" else 143)
        assert termios.tcgetattr(master) == before


def test_top_ends_when_the_node_does(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    pid = start("shop")
    with subprocess.Popen(
        [*COMMAND, "top", "-i", "0.1"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert "5 children" in command.stdout.readline()
        os.kill(pid, signal.SIGKILL)
        assert command.stderr.read() == "trio-sup: the node ended\n"
        assert command.wait(20) == 0


# --- show --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop/boards/b1", "boards/b1", "b1", "#4"])
def test_a_child_is_named_by_path_end_or_number(name: str, here: Here) -> None:
    code, out, err = here("show", name)
    assert (code, err) == (0, "")
    assert out.startswith("shop/boards/b1  running\n")
    assert "crashed: boom" in out
    assert "Traceback (most recent call last):" in out
    assert "child_crashed" in out


def test_show_json(here: Here) -> None:
    document = json.loads(here("show", "shop", "b1", "--json")[1])
    assert document["schema"] == 1
    assert document["child"]["path"] == "shop/boards/b1"
    assert document["traceback"].endswith("boom")
    assert [event["kind"] for event in document["events"]] == ["child_crashed"]


def test_no_such_child_is_3(here: Here) -> None:
    code, out, err = here("show", "b9")
    assert (code, out) == (3, "")
    assert err == "trio-sup: no child 'b9': trio-sup ps lists them\n"


# --- events --since ----------------------------------------------------------


def test_events_can_be_cut_by_time(here: Here) -> None:
    assert "child_crashed" in here("events", "--since", "100d")[1]
    assert here("events", "--since", "1ms") == (0, "", "")
    assert here("events", "--since", "yesterday")[0] == 2


def test_a_moment_is_a_duration_ago_or_a_time() -> None:
    now = 1_700_000_000.0
    assert read_moment("10m", now) == now - 600
    assert read_moment("1.5h", now) == now - 5400
    today = time.strftime("%Y-%m-%d", time.localtime(now))
    assert read_moment(f"{today}T01:02:03", now) == read_moment("1:02:03", now)
    assert read_moment("2023-11-14T22:13:20+00:00", 0.0) == now
    for text in ("", "10 m", "25:00", "soon", "-5m", "0s"):
        with pytest.raises(ValueError, match="a duration ago"):
            read_moment(text, now)


# --- status ------------------------------------------------------------------


def row(**changes: object) -> Row:
    """A server that is well, with some columns changed."""
    made = Row(
        2, 1, "a", "app/a", "server", "A", "permanent", "", "running", 1, 0, 1.0,
        0, 10, 0, 0, None, None, "", None, None, None, 1,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(made, name, value)
    return made


HELLO = Hello(1, 1, "app", "e", 7, "3", "0", "1", 0.0, 0.0, 0.0)


def problems(limits: Limits, *rows: Row, lag: float = 0.0) -> list[str]:
    answer = Answer(HELLO, 100.0, lag, {each.id: each for each in rows}, [])
    return [breach.problem for breach in breaches(answer, limits)]


@pytest.mark.parametrize(
    ("changes", "loose"),
    [
        ({"status": "quarantined"}, Limits(down=1)),
        ({"status": "stopped"}, Limits(down=1)),
        ({"status": "backing_off"}, Limits(waiting=1)),
        ({"mailbox_len": 10}, Limits(mailbox=10)),
        ({"op": "f", "op_since": 80.0}, Limits(op=30.0)),
        ({"budget_used": 2, "budget_max": 3}, Limits(budget=0.9)),
    ],
)
def test_each_limit_excuses_what_it_names_and_nothing_else(
    changes: dict[str, object], loose: Limits
) -> None:
    bad = row(**changes)
    assert len(problems(Limits(), bad)) == 1
    assert problems(loose, bad) == []
    assert len(problems(loose, bad, row(id=3, status="stuck"))) == 1


def test_limits_of_the_node_itself() -> None:
    assert problems(Limits(lag=0.5), row(), lag=0.6) == [
        "has a loop that was 0.6 s late"
    ]
    assert problems(Limits(children=2), row()) == ["has 1 children, 2 are wanted"]
    assert problems(Limits(lag=0.5, children=1), row(), lag=0.4) == []


def test_a_temporary_child_that_stopped_is_no_problem() -> None:
    assert problems(Limits(), row(status="stopped", restart="temporary")) == []


def test_a_stricter_limit_turns_the_exit_code(here: Here) -> None:
    assert here("status", "--check")[0] == 0
    code, out, _ = here("status", "--check", "--min-children", "6", "--json")
    assert code == 1
    document = json.loads(out)
    assert (document["ok"], document["problems"][0]["path"]) == (False, None)
    assert here("status", "--check", "--max-budget", "2")[0] == 2


def test_wait_waits_for_a_node_that_is_not_there_yet(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    with subprocess.Popen(
        [*COMMAND, "status", "late", "--check", "--wait", "30"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        start("late")
        assert command.wait(30) == 0


def test_wait_ends_with_the_code_of_the_last_look(here: Here) -> None:
    assert here("status", "nobody", "--check", "--wait", "0.3")[0] == 3
    args = ["status", "--check", "--wait", "0.3", "--min-children", "6"]
    assert here(*args)[0] == 1


def test_parts_of_a_child_come_on_request(here: Here) -> None:
    parts = [word for part in ("mailbox", "history", "links") for word in ("-p", part)]
    code, out, err = here("show", "b1", *parts)
    assert (code, err) == (0, "")
    assert out.index("\nmailbox\n") < out.index("\nhistory\n") < out.index("\nlinks\n")
    document = json.loads(here("show", "b1", "--json", "-p", "history")[1])
    assert document["history"] == []
    assert "state" not in document
    assert here("show", "b1", "-p", "everything")[0] == 2


def test_a_reader_that_has_seen_enough_ends_top_quietly(shop_directory: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "top", "-i", "0.1"],
        env=environment(shop_directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.wait(20) == 0
        assert command.stderr.read() == b""
