"""The same work on the BEAM, in turns with this library, where Erlang is installed.

Times are on the wall, on both sides: the BEAM spreads its work over the cores. Each
ratio is to OTP in the same round: over 1, OTP is faster.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import trio

from bench import library
from bench.lap import Clock
from bench.report import LeftOut, Row, Say

HERE = Path(__file__).parent
N = 2_000
ROUNDS = 3
OURS = {
    "call": (library.calls, 10),
    "cast": (library.casts, 10),
    "restart": (library.restarts, 1),
    "start": (library.server_starts, 1),
    "stop": (library.server_stops, 1),
    "call by name": (library.calls_by_name, 10),
    "registry look-up": (library.lookups, 10),
}


def measure(scale: float, say: Say) -> Iterator[Row | LeftOut]:
    """Measure Erlang, Elixir and this library in turns."""
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        yield LeftOut("Erlang and Elixir", "Erlang is not installed")
        return
    n = max(100, int(N * scale))
    rounds = ROUNDS if scale == 1 else 1
    with tempfile.TemporaryDirectory() as directory:
        sources = [str(HERE / name) for name in ("beam.erl", "beam_echo.erl")]
        subprocess.run(["erlc", "-o", directory, *sources], check=True)
        erl = ["erl", "-noshell", "-pa", directory, "-s", "beam", "main", str(n)]
        languages = {f"Erlang/OTP {_release()}": erl}
        if shutil.which("elixir") is None:
            yield LeftOut("Elixir", "it is not installed")
        else:
            name = f"Elixir {_elixir()} on OTP {_release()}"
            languages[name] = ["elixir", str(HERE / "beam.exs"), str(n)]
        for language, command in languages.items():
            found: list[tuple[Mapping[str, float], Mapping[str, float]]] = []
            for turn in range(rounds):
                say(f"beam: {language}, round {turn + 1} of {rounds}")
                theirs = _run(command)
                found.append((theirs, _ours(theirs, n)))
            yield from _rows(language, found)
    say("")


def _release() -> str:
    ask = 'io:format("~s", [erlang:system_info(otp_release)]), halt().'
    return _output(["erl", "-noshell", "-eval", ask])


def _elixir() -> str:
    return _output(["elixir", "-e", "IO.write(System.version())"])


def _output(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _run(command: list[str]) -> dict[str, float]:
    """Microseconds of each operation."""
    lines = [line.rpartition(" ") for line in _output(command).splitlines()]
    return {name: float(micros) for name, _, micros in lines}


def _ours(names: Mapping[str, float], n: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in names:
        body, factor = OURS[name]
        clock = Clock()
        trio.run(body, n * factor, clock)
        found[name] = clock.wall / (n * factor) * 1e6
    return found


def _rows(
    language: str, found: list[tuple[Mapping[str, float], Mapping[str, float]]]
) -> Iterator[Row]:
    for name in found[0][0]:
        theirs = statistics.median(pair[0][name] for pair in found)
        ours = statistics.median(pair[1][name] for pair in found)
        ratios = sorted(pair[1][name] / pair[0][name] for pair in found)
        middle = statistics.median(ratios)
        yield Row(f"{name}: {language}", False, theirs, theirs, 1.0, 1.0, 1.0)
        yield Row(f"{name}: trio-sup", True, ours, ours, middle, ratios[0], ratios[-1])
