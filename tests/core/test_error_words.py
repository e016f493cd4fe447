"""What the library's errors say, word for word, and what travels with them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from trio_sup import Exit
from trio_sup._core.errors import (
    Crash,
    HookFailed,
    MailboxFull,
    MaxChildren,
    NoProcess,
    NoSuchChild,
    RestartLimitExceeded,
    ServerExit,
    SupervisionError,
    SupervisorStopping,
    WrongKind,
    WrongRun,
    crash_summary,
    entered_again,
    hook_failed,
)

CRASH = Exit("crashed", None, ValueError("v"))


class Mute:
    def __repr__(self) -> str:
        raise ValueError


SAID: list[tuple[SupervisionError, str, dict[str, Any]]] = [
    (
        NoSuchChild("supervisor 'root'", "a"),
        "supervisor 'root' has no child 'a'",
        {"where": "supervisor 'root'", "id": "a"},
    ),
    (
        WrongKind("root/a", "a task", "a server"),
        "'root/a' is a task, not a server",
        {"path": "root/a", "found": "a task", "wanted": "a server"},
    ),
    (
        MaxChildren("root", 2.0),
        "'root' has its maximum of 2 children",
        {"path": "root", "limit": 2.0},
    ),
    (SupervisorStopping("root"), "supervisor 'root' is stopping", {"path": "root"}),
    (
        WrongRun("call", "root/a", "from a thread", "Do otherwise."),
        "call() of 'root/a' was called from a thread: it must be called in the Trio "
        "run that it belongs to, and nothing was done. Do otherwise.",
        {"call": "call", "whose": "root/a"},
    ),
    (
        WrongRun("call", "", "from a thread", "Do otherwise."),
        "call() was called from a thread: it must be called in the Trio "
        "run that it belongs to, and nothing was done. Do otherwise.",
        {"call": "call", "whose": ""},
    ),
    (NoProcess("root/a"), "'root/a' is not running", {"target": "root/a"}),
    (NoProcess("root/a", "is gone"), "'root/a' is gone", {"target": "root/a"}),
    (
        ServerExit("root/a", CRASH),
        "server 'root/a' ended before it answered: crashed: ValueError: v",
        {"target": "root/a", "exit": CRASH},
    ),
    (
        MailboxFull("root/a", 3.0),
        "the mailbox of 'root/a' is full (3 messages)",
        {"target": "root/a", "capacity": 3.0},
    ),
    (
        RestartLimitExceeded("root", 3, 5.0, []),
        "supervisor 'root' gave up: more than 3 restarts in 5 s",
        {"supervisor": "root", "max_restarts": 3, "max_seconds": 5.0,
         "crashes": (), "child": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "text", "fields"), SAID, ids=[type(e).__name__ for e, _, _ in SAID]
)
def test_an_error_says_what_it_is_about_and_travels_whole(
    error: SupervisionError, text: str, fields: dict[str, Any]
) -> None:
    assert str(error) == text
    assert error.args == (text,)
    assert vars(error) == fields
    assert type(error).__module__ == "trio_sup"
    again = copy.copy(error)
    assert (type(again), again.args, vars(again)) == (type(error), (text,), fields)
    if "exit" not in fields:
        travelled = pickle.loads(pickle.dumps(error))
        assert (travelled.args, vars(travelled)) == ((text,), fields)


def test_errors_of_others_are_called_by_their_own_module() -> None:
    class Theirs(SupervisionError):
        pass

    assert Theirs.__module__ == __name__


def test_an_error_that_takes_more_than_a_message_is_made_anew() -> None:
    class Picky(SupervisionError):
        def __new__(cls, *args: object) -> Any:
            assert args
            return super().__new__(cls, *args)

        def __init__(self, message: str) -> None:
            super().__init__(message, "more")
            self.message = message

    again = copy.copy(Picky("m"))
    assert (again.args, again.message) == (("m", "more"), "m")


def test_the_story_of_a_supervisor_that_gave_up_counts_from_its_first_crash() -> None:
    crashes = [
        Crash(2.0, "root/a", 1, ValueError(), "ValueError: v", ""),
        Crash(3.25, "root/b", 4, KeyError(), "KeyError: 'k'", ""),
    ]
    error = RestartLimitExceeded("root", 1, 2.5, crashes, child="b")
    assert str(error).splitlines() == [
        "supervisor 'root' gave up: more than 1 restarts of child 'b' in 2.5 s",
        "what happened, oldest first:",
        "  +0.000 s  root/a (life 1): ValueError: v",
        "  +1.250 s  root/b (life 4): KeyError: 'k'",
    ]
    assert error.crashes == tuple(crashes)
    assert error.child == "b"


def test_a_hook_that_failed_is_told_with_its_error_as_cause() -> None:
    cause = ValueError("v")
    failure = hook_failed("the hook", "print", cause)
    assert type(failure) is HookFailed
    assert str(failure) == "the hook 'print' raised ValueError('v')"
    assert failure.__cause__ is cause
    muted = hook_failed("the hook", Mute(), cause)
    assert "Mute: repr() raised ValueError" in str(muted)


def test_a_block_that_is_entered_again_is_told_what_to_write() -> None:
    error = entered_again("open_supervisor")
    assert type(error) is RuntimeError
    assert str(error) == (
        "this open_supervisor(...) has been entered already; each block needs one of "
        "its own: call open_supervisor(...) again"
    )


def test_a_crash_is_summed_up_in_one_line() -> None:
    assert crash_summary(CRASH) == "ValueError: v"
    assert crash_summary(Exit("shutdown", "why")) == "ended: shutdown (why)"
