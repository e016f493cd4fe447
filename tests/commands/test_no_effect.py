"""No option is taken and then not heeded: where it would change nothing it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trio_sup._commands.parsing import parser
from trio_sup._commands.table import HELP

Here = Callable[..., tuple[int, str, str]]

OPTIONS: dict[str, set[str]] = {
    "nodes": {
        *("--health", "--check", "--json", "--cluster"),
        *("--prefix", "--names", "--timeout", "--follow"),
    },
    "tree": {"--json", "--ascii", "--depth"},
    "ps": {"--json", "--sort", "--reverse", "--columns", "--no-heading", "--lines"},
    "top": {
        *("--json", "--sort", "--reverse", "--columns", "--no-heading", "--lines"),
        *("--interval", "--count", "--once", "--batch"),
    },
    "show": {"--json", "--part", "--for", "--stacks"},
    "status": {
        *("--json", "--check", "--wait", "--max-down", "--max-waiting"),
        *("--max-mailbox", "--max-op", "--max-budget", "--max-restarts"),
        *("--max-lag", "--min-children"),
    },
    "events": {"--follow", "--since", "--json"},
    "logs": {"--level", "--follow", "--for", "--json"},
    "registry": {"--limit", "--json"},
    "reload": {"--plan", "--json"},
    "log-level": {"--yes", "--dry-run", "--json"},
    "collect": {"--yes", "--dry-run", "--json"},
    "snapshot": {"--json", "--force"},
    "record": {
        "--json",
        "--force",
        "--for",
        "--max-size",
        "--rate",
        "--for-tests",
        "--messages",
    },
    "inspect": {
        *("--ascii", "--rate", "--color", "--control", "--pid", "--no-settings"),
        *("--demo", "--web", "--port", "--cluster", "--prefix"),
    },
    "relay": set(),
    "run": {
        *("--name", "--no-inspect", "--control", "--check", "--reload"),
        *("--reload-dir", "--verbose"),
    },
    "metrics": set(),
    "trace": {"--op", "--for", "--json"},
    "chart": {"--child", "--for", "--height", "--ascii", "--json"},
    "profile": {"--for", "--rate", "--output", "--json"},
    "demo": {
        *("--clients", "--chaos", "--for", "--name", "--port", "--nodes", "--redis"),
        "--plain",
    },
    "chaos": {
        *("--kinds", "--rate", "--for", "--settle", "--seed", "--plan", "--dry-run"),
        "--json",
    },
    "completion": set(),
    "version": set(),
    **{
        action: {"--yes", "--dry-run", "--json"}
        for action in (
            *("restart", "terminate", "suspend", "resume", "drain"),
            *("quarantine", "hold", "release"),
        )
    },
}
"""What was thought of. Whoever adds an option says below where it has no effect."""

REFUSED = [
    ("--prefix", "nodes --prefix a"),
    ("--names", "nodes --names"),
    ("--timeout", "nodes --timeout 1"),
    ("--follow", "nodes --follow"),
    ("--prefix", "inspect --prefix a"),
    ("--prefix", "inspect shop --prefix a"),
    ("NODE", "inspect shop --cluster redis://localhost"),
    ("--demo", "inspect --cluster redis://localhost --demo"),
    ("--web", "inspect --cluster redis://localhost --web"),
    ("--pid", "inspect --cluster redis://localhost --pid 1"),
    ("--timeout", "nodes --health --timeout 1"),
    ("--names", "nodes shop --check --names --json"),
    ("--cluster", "nodes --cluster redis://localhost --health"),
    ("--cluster", "nodes --cluster redis://localhost shop"),
    ("--columns", "ps shop --json --columns path"),
    ("--no-heading", "ps shop --json --no-heading"),
    ("--columns", "top shop --once --json --columns path"),
    ("--no-heading", "top shop --once --json --no-heading"),
    ("--once", "top shop --once -c 3"),
    ("--stacks", "show shop --stacks shop/boards"),
    ("--stacks", "show shop --stacks -p state"),
    ("--for", "show shop --stacks --for 3s"),
    ("--check", "status REC --check"),
    ("--wait", "status REC --wait 1"),
    ("--follow", "events REC --follow"),
    ("--for", "logs shop --follow --for 1s"),
    ("--messages", "record shop FILE --messages"),
    ("--height", "chart shop --json --height 9"),
    ("--output", "profile shop --json -o FILE"),
    ("--port", "inspect shop --port 8000"),
    ("--control", "inspect REC --control"),
    ("--demo", "inspect shop --demo"),
    ("browser", "inspect shop --web --control"),
    ("--reload-dir", "run tests.commands.rig:spec --reload-dir ."),
    ("not allowed with", "run tests.commands.rig:spec --no-inspect --control"),
    ("--port", "demo --nodes 2 --port 4242"),
    ("--port", "demo --redis redis://localhost --port 4242"),
    ("--seed", "chaos shop --plan FILE --seed 3"),
    ("--settle", "chaos shop --dry-run --settle 3s"),
]


def test_each_option_of_each_command_was_thought_of() -> None:
    commands = parser(None)._subparsers
    assert commands is not None
    choices = commands._group_actions[0].choices
    assert choices is not None
    assert {*OPTIONS} == {*HELP}
    for name, known in OPTIONS.items():
        long = {
            next(o for o in action.option_strings if o.startswith("--"))
            for action in dict(choices)[name]._actions
            if action.option_strings
        }
        assert long - {"--help"} == known, name


@pytest.mark.parametrize(("says", "words"), REFUSED)
def test_an_option_that_would_change_nothing_is_refused(
    says: str, words: str, here: Here, tmp_path: Path
) -> None:
    recording = tmp_path / "one.rec"
    if "REC" in words:
        assert here("snapshot", "shop", str(recording))[0] == 0
    file = tmp_path / "file"
    argv = words.replace("REC", str(recording)).replace("FILE", str(file)).split()
    code, out, err = here(*argv)
    assert (code, out) == (2, "")
    assert says in err
    assert not file.exists()


@pytest.mark.parametrize(
    ("split", "whole"),
    [
        ("show shop --json shop/boards/b1", "show shop shop/boards/b1 --json"),
        ("show --json shop/boards/b1", "show shop/boards/b1 --json"),
        (
            "restart shop --dry-run shop/boards/b1",
            "restart shop shop/boards/b1 --dry-run",
        ),
        ("restart --dry-run shop b0 b1", "restart shop b0 b1 --dry-run"),
        ("log-level shop --dry-run DEBUG", "log-level shop DEBUG --dry-run"),
        ("trace shop --for 1s nobody", "trace shop nobody --for 1s"),
    ],
)
def test_words_may_follow_options(split: str, whole: str, here: Here) -> None:
    code, _, err = here(*split.split())
    assert code == here(*whole.split())[0]
    assert "unrecognized" not in err
