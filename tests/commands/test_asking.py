"""``logs``, ``registry`` and ``trace``: what they print, and what they refuse."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Here = Callable[..., tuple[int, str, str]]


def test_what_the_log_holds_back_is_said_on_stderr(here: Here) -> None:
    code, out, err = here("logs", "shop", "--for", "0.5s", "--level", "debug")
    assert (code, out) == (0, "")
    assert "looking for 0.5 s; --follow goes on" in err
    assert "the root logger lets WARNING and above pass" in err


def test_names_are_printed_with_who_holds_them(here: Here) -> None:
    code, out, err = here("registry", "shop", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["names"], document["total"]) == ([], 0)
    code, out, err = here("registry", "shop", "no such name")
    assert (code, out.split()) == (0, ["KEY", "CHILD"])


def test_a_trace_says_what_it_costs_and_ends_in_time(here: Here) -> None:
    code, _, err = here("trace", "shop", "#1", "--for", "0.5s")
    assert code == 0
    assert "costs 0.0% of the loop" in err


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["logs", "shop", "mailbox>3"], 2, "about children"),
        (["logs", "shop", "--level", "loud"], 2, "warning"),
        (["logs", "shop", "--follow", "--for", "1s"], 2, "take one"),
        (["logs", "nobody"], 3, "nobody"),
        (["registry", "shop", "x" * 300], 2, "200 characters"),
        (["registry", "shop", "--limit", "0"], 2, "from 1 up"),
        (["trace", "shop", "no/such/child"], 3, "no child"),
        (["trace"], 2, "which child"),
        (["trace", "shop", "#1", "--op", "x" * 300], 2, "200 characters"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    args: list[str], code: int, word: str, here: Here
) -> None:
    found, out, err = here(*args)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err


@pytest.mark.parametrize("args", [["logs"], ["registry"], ["trace"]])
def test_a_recording_holds_none_of_it(
    args: list[str], here: Here, tmp_path: Path
) -> None:
    path = tmp_path / "a.rec"
    assert here("snapshot", "shop", str(path))[0] == 0
    more = ["#1"] if args == ["trace"] else []
    code, _, err = here(*args, str(path), *more)
    assert code == 2
    assert "a recording holds no" in err
