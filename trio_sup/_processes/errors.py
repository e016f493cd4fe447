"""What goes wrong with programs."""

from __future__ import annotations

from collections.abc import Sequence

from trio_sup._core.errors import SupervisionError
from trio_sup._processes.signals import end_in_words, signal_name


class ProgramExit(SupervisionError):
    """A program ended as it should not.

    By itself, with a code that is not among the `ok_codes`, by a signal, or before it
    was ready.

    The message has the last lines that it wrote to stderr, if they were read here.
    """

    def __init__(
        self,
        program: str,
        returncode: int,
        stderr: Sequence[str] = (),
        *,
        pid: int = 0,
        when: str = "",
    ) -> None:
        self.program = program
        self.returncode = returncode
        """The exit code; of a program that a signal killed the signal's number, negative."""
        self.stderr: tuple[str, ...] = tuple(stderr)
        """The last lines of its stderr."""
        self.pid = pid
        # Without the number: crashes that are alike are to read alike.
        text = f"{program!r} ended{when and ' ' + when}: {end_in_words(returncode)}"
        if self.stderr:
            text += "; the last of its stderr:\n" + "\n".join(
                f"  {line}" for line in self.stderr
            )
        super().__init__(text)

    @property
    def exit_code(self) -> int | None:
        """The exit code; None if a signal killed it."""
        return self.returncode if self.returncode >= 0 else None

    @property
    def signal(self) -> str | None:
        """The name of the signal that killed it; None if it ended by itself."""
        return signal_name(-self.returncode) if self.returncode < 0 else None


class ProgramNotStarted(SupervisionError):
    """A program could not be started: there is none, or it may not be run so.

    Args:
        program: Which.
        what: What failed.
        text: Why, in the system's words.
        errno: Its number; None if it has none.
    """

    def __init__(
        self, program: str, what: str, text: str, errno: int | None = None
    ) -> None:
        self.program = program
        self.errno = errno
        super().__init__(f"{program!r} was not started: cannot {what}: {text}")
