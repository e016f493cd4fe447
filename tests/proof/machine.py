"""An Erlang VM that answers questions, one packet each, on standard streams."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from attrs import frozen

from tests.proof.external_term import encode
from tests.proof.trace import Value
from trio_sup.inspect.finding.directory import UnsafeDirectory, check_dir

LONGEST = 64 * 1024 * 1024
"""No answer is longer, in bytes: what says so is text that the VM printed."""
END_SECONDS = 5.0
ONE = ("+S", "1:1")
SMALL = ("+P", "4096")
WORDS = 400
"""So many characters of what a VM says at its end are shown."""


class OracleError(Exception):
    """Erlang is missing, or a scenario did not run to its end."""


@frozen
class Versions:
    """What answers: the OTP release and, where installed, the Elixir version."""

    otp: str
    elixir: str | None


def is_available() -> bool:
    """Whether Erlang is installed."""
    return shutil.which("erl") is not None and shutil.which("erlc") is not None


class Machine:
    """A running VM; a context manager.

    Its first answer tells the versions.

    Args:
        sources: The files of its program, Erlang.
        main: The module whose `main/0` is run.

    Raises:
        OracleError: Erlang is not installed or the program does not start, with
            what the VM printed.
    """

    def __init__(self, sources: Sequence[Path], main: str) -> None:
        if not is_available():
            raise OracleError("erl and erlc are not on the PATH")
        paths = [str(_compiled(sources)), *_elixir_paths()]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - until close()
        self._process = subprocess.Popen(
            # One scheduler: what is concurrent has one order. A small table of
            # processes: to list them takes 12 ms where there is room for a million.
            ["erl", "-noinput", *ONE, *SMALL, "-s", main, "main", "-pa", *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0"},
        )
        try:
            versions = self.receive()
            if "boot" in versions:
                raise OracleError(f"this Erlang does not serve: {versions['boot']}")
        except BaseException:
            self.close()
            raise
        self.versions = Versions(str(versions["otp"]), _optional(versions["elixir"]))

    def send(self, term: Value) -> None:
        """Sends a question."""
        packet = encode(term)
        pipe = self._pipe(self._process.stdin)
        pipe.write(struct.pack(">I", len(packet)) + packet)
        pipe.flush()

    def receive(self) -> dict[str, object]:
        """Waits for the next answer.

        Raises:
            OracleError: the VM has ended, with the beginning of what it said.
        """
        pipe = self._pipe(self._process.stdout)
        head = pipe.read(4)
        (length,) = struct.unpack(">I", head.ljust(4, b"\0"))
        body = b"" if length > LONGEST else pipe.read(length)
        if not length or len(body) < length:
            raise OracleError(
                f"the Erlang VM has ended: {self._last_words(head + body)}"
            )
        answer: dict[str, object] = json.loads(body)
        return answer

    def _last_words(self, printed: bytes) -> str:
        """What it printed in place of an answer, in one line that can be read."""
        self._end()
        printed += self._pipe(self._process.stdout).read(WORDS)
        self._said.seek(0)
        words = (printed + b" " + self._said.read(WORDS)).decode(errors="replace")
        return " ".join(words.split())[:WORDS] or "it said nothing"

    def close(self) -> None:
        """Ends the VM."""
        self._end()
        self._pipe(self._process.stdout).close()
        self._said.close()

    def _end(self) -> None:
        with suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it does not read what it is told
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _compiled(sources: Sequence[Path]) -> Path:
    """The folder of the compiled driver; compiles it when its source has changed.

    Raises:
        OracleError: somebody else could have put another program there.
    """
    content = b"".join(source.read_bytes() for source in sources)
    name = f"trio-sup-oracle-{os.getuid()}-{hashlib.sha256(content).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    if _is_ours(folder):
        return folder
    with tempfile.TemporaryDirectory(dir=tempfile.gettempdir()) as new:
        _run(["erlc", "-Werror", "-o", new, *map(str, sources)])
        try:
            Path(new).rename(folder)
        except OSError:
            if not _is_ours(folder):  # else another run was faster
                raise
        else:
            Path(new).mkdir()
    return folder


def _is_ours(folder: Path) -> bool:
    """Whether it is there, and of this user alone."""
    try:
        return check_dir(folder, own=True)
    except UnsafeDirectory as error:
        raise OracleError(str(error)) from error


def _elixir_paths() -> Iterable[str]:
    elixir = shutil.which("elixir")
    if elixir is None:
        return []
    beside = Path(elixir).resolve().parent.parent / "lib" / "elixir" / "ebin"
    if beside.is_dir():
        return [str(beside)]
    ask = [elixir, "-e", "IO.write(:code.lib_dir(:elixir))"]
    return [str(Path(_run(ask)) / "ebin")]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OracleError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
