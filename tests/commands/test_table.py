"""The table of subcommands, and what loading it costs."""

import subprocess
import sys
from pathlib import Path

import pytest

import trio_sup._commands
from trio_sup._commands import actions
from trio_sup._commands.command import Command
from trio_sup._commands.parsing import parser
from trio_sup._commands.table import HELP, load

SHARED = {
    "__init__",
    "acting",
    "actions",
    "arguments",
    "cluster_nodes",
    "command",
    "developing",
    "engines",
    "extras",
    "inspect_cluster",
    "interpreter",
    "observing",
    "output",
    "parsing",
    "support",
    "table",
}


def test_the_table_names_every_module_that_is_a_command() -> None:
    directory = Path(trio_sup._commands.__file__).parent
    modules = {path.stem for path in directory.glob("*.py")} - SHARED
    own = set(HELP) - {
        *actions.HELP,
        *actions.ON_NODE,
    }  # which `acting` does for all of them
    assert {each for each in modules if not each.startswith("_")} == own


@pytest.mark.parametrize("name", HELP)
def test_every_command_of_the_table_can_be_loaded(name: str) -> None:
    assert isinstance(load(name), Command)


def test_only_the_command_that_is_asked_for_is_loaded() -> None:
    program = (
        "import sys\n"
        "from trio_sup._commands.parsing import parser\n"
        "from trio_sup._commands.table import HELP\n"
        "parser(['version']).parse_args(['version'])\n"
        "print(*(n for n in HELP if f'trio_sup._commands.{n}' in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["version"]


def test_the_whole_parser_knows_all_commands() -> None:
    assert parser(None).parse_args(["version"]).command == "version"
    assert parser(None).parse_args(["tree", "shop"]).node == "shop"
