"""``inspect`` in a terminal: a recording, the demonstration, and how it is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import in_terminal, read_until

Here = Callable[..., tuple[int, str, str]]


def quit_and_wait(master: int, wait: Callable[[float], int]) -> int:
    os.write(master, b"q")
    while True:
        try:
            if not os.read(master, 65536):
                break
        except OSError:
            break  # How a terminal says that all is closed.
    return wait(20)


def test_a_recording_opens_in_a_terminal(
    here: Here, shop_directory: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.rec"
    assert here("snapshot", "shop", str(path))[0] == 0
    with in_terminal(shop_directory, "inspect", str(path)) as (process, master):
        read_until(master, b"REPLAY")
        assert quit_and_wait(master, process.wait) == 0


def test_the_demonstration_needs_no_node(directory: Path) -> None:
    with in_terminal(directory, "inspect", "--demo") as (process, master):
        read_until(master, b"boards")
        assert quit_and_wait(master, process.wait) == 0
        assert not list(directory.glob("*.sock"))


def test_the_demonstration_without_a_terminal_prints_its_tree(
    here: Here, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    code, out, err = here("inspect", "--demo")
    assert code == 0
    assert "boards" in out
    assert "no terminal" in err


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["shop", "--demo"], 2, "name none"),
        (["./nothing.rec"], 3, "no socket"),
        (["--demo", "--web", "--control"], 2, "only looks"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    args: list[str], code: int, word: str, here: Here
) -> None:
    got, out, err = here("inspect", *args)
    assert (got, out, err.count("\n")) == (code, "", 1)
    assert word in err


def test_a_file_that_is_no_recording_is_refused_before_the_screen_is_taken(
    shop_directory: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.rec"
    path.write_text("hello")
    with in_terminal(shop_directory, "inspect", str(path)) as (process, master):
        assert read_until(master, b"\n").decode().strip() == (
            f"trio-sup: {path} is no recording of trio-sup"
        )
        assert process.wait(20) == 2
