"""What a subcommand is, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130

EXIT_CODES: Final = """\
exit codes:
  0    done
  1    status --check found a problem; the tree of `run` gave up;
       after `chaos` something did not come back; an action failed
  2    wrong usage, a file that is no recording, or a missing extra
  3    no such node, or no such child
  4    several fit: name one
  5    permission denied
  6    node and command speak different protocol versions
  7    the node does not respond, or what answers is no node
  8    the node refused
  130  interrupted
"""


class CommandError(Exception):
    """The command cannot go on; `str` is what to print, on stderr."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Command(NamedTuple):
    """One subcommand; its name and its line of help stand in the table."""

    run: Callable[[argparse.Namespace], int]
    """Does it and returns the exit code. May raise `CommandError`."""
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    """Adds its arguments."""
    epilog: str = ""
    """Stands below the arguments in its help: how to name things, examples."""
    program: bool = False
    """Whether it is a program of its own: an `OSError` of it is a bug then, and its
    traceback says where."""
