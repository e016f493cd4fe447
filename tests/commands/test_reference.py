"""The page about the command says what the command's own help says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trio_sup._commands.command import EXIT_CODES
from trio_sup._commands.table import HELP

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text("utf-8")
ROWS: dict[str, str] = dict(
    re.findall(r"^\| `trio-sup ([\w-]+)(.*?)` \|", PAGE, re.MULTILINE)
)

Here = Callable[..., tuple[int, str, str]]


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def test_the_page_lists_every_command() -> None:
    assert sorted(ROWS) == sorted(HELP)


@pytest.mark.parametrize("name", HELP)
def test_each_command_takes_exactly_what_the_page_says(name: str, here: Here) -> None:
    out = here(name, "--help")[1]
    real: set[str] = set()
    for line in re.findall(r"^  (-.*)$", out, re.MULTILINE):
        real |= options(line.partition("   ")[0])
    assert options(ROWS[name]) == real - {"-h", "--help"}
    given = re.search(r"^positional arguments:\n((?:  .*\n)+)", out, re.MULTILINE)
    names = re.findall(r"^  (\S+)", given[1], re.MULTILINE) if given else []
    words = re.sub(r"\[-.*?\]", "", ROWS[name])
    # A choice is shown as such in the help, and by its name on the page.
    names = ["SHELL" if "{" in word else word for word in names]
    assert re.findall(r"[A-Z]+", words) == names


def test_the_exit_codes_are_those_of_the_help() -> None:
    of_all = PAGE.partition("## Exit codes")[2]
    page = re.findall(r"^\| (\d+) \|", of_all, re.MULTILINE)
    assert page == re.findall(r"^  (\d+) ", EXIT_CODES, re.MULTILINE)
