"""Asks the installed Erlang/OTP, and Elixir, what they do in a scenario.

One VM serves any number of scenarios; starting it takes about a second, a
scenario well below a millisecond. Needs `erl` and `erlc`; scenarios with dynamic
supervisors need Elixir as well.
"""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from attrs import frozen

from trio_sup.testing.scenario import Scenario, Trace, Value
from trio_sup.testing.scenario_json import read_trace, write_scenario

from .external_term import encode

SOURCES = Path(__file__).parent / "otp"
GUARD_SECONDS = 20.0


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


class Oracle:
    """A running Erlang VM that answers scenarios; a context manager.

    Raises:
        OracleError: Erlang is not installed or its supervisor does not lend itself
            to the method, with what the VM printed.
    """

    def __init__(self, guard: float = GUARD_SECONDS) -> None:
        if not is_available():
            raise OracleError("erl and erlc are not on the PATH")
        self._guard = round(guard * 1000)
        paths = [str(_compiled()), *_elixir_paths()]
        self._process = subprocess.Popen(
            # One scheduler: what is concurrent has one order.
            [
                "erl",
                "-noinput",
                "+S",
                "1:1",
                "-s",
                "oracle_main",
                "main",
                "-pa",
                *paths,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "ERL_CRASH_DUMP_SECONDS": "0"},
        )
        try:
            versions = self._receive()
        except OracleError:
            self.close()
            raise
        self.versions = Versions(str(versions["otp"]), _optional(versions["elixir"]))

    def run(self, scenarios: Sequence[Scenario]) -> list[Trace]:
        """The traces of `scenarios`, in order.

        Raises:
            OracleError: One of them hit its guard, left a process behind, or uses
                a dynamic supervisor where there is no Elixir.
        """
        if not scenarios:
            return []
        self._send(tuple(self._question(scenario) for scenario in scenarios))
        answers = [self._receive() for _ in scenarios]
        return [_trace(s, a) for s, a in zip(scenarios, answers, strict=True)]

    def close(self) -> None:
        """Ends the VM."""
        self._pipe(self._process.stdin).close()
        self._process.wait()
        self._pipe(self._process.stdout).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _question(self, scenario: Scenario) -> Value:
        question = write_scenario(scenario, defaults=True)
        if self.versions.elixir is None and '"dynamic"' in json.dumps(question):
            raise OracleError("a dynamic supervisor, but Elixir is not installed")
        # Plans go as pairs: their keys are paths and must not become atoms.
        plans = tuple(scenario.init_plans.items())
        return {**question, "init_plans": plans, "guard_ms": self._guard}

    def _send(self, term: Value) -> None:
        packet = encode(term)
        pipe = self._pipe(self._process.stdin)
        pipe.write(struct.pack(">I", len(packet)) + packet)
        pipe.flush()

    def _receive(self) -> dict[str, object]:
        pipe = self._pipe(self._process.stdout)
        head = pipe.read(4)
        if len(head) < 4:
            raise OracleError("the Erlang VM has ended; see its output above")
        (length,) = struct.unpack(">I", head)
        answer: dict[str, object] = json.loads(pipe.read(length))
        return answer

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _trace(scenario: Scenario, answer: dict[str, object]) -> Trace:
    if "error" in answer or answer["leaked"]:
        raise OracleError(
            f"{answer.get('error', 'processes left behind')}: {answer}\n"
            f"in {json.dumps(write_scenario(scenario))}"
        )
    return read_trace(answer)


def _compiled() -> Path:
    """The folder of the compiled driver; compiles it when its source has changed."""
    sources = sorted(SOURCES.glob("*.erl"))
    content = b"".join(source.read_bytes() for source in sources)
    name = f"trio-sup-oracle-{os.getuid()}-{hashlib.sha256(content).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=tempfile.gettempdir()) as new:
        _run(["erlc", "-Werror", "-o", new, *map(str, sources)])
        try:
            Path(new).rename(folder)
        except OSError:  # somebody else was faster
            pass
        else:
            Path(new).mkdir()
    return folder


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
