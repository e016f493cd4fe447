"""Opening the inspector in a program that runs already, from outside (PEP 768).

``sys.remote_exec`` has the main thread of a process run a script as soon as it runs any
Python. One that sleeps in the kernel runs none: it is interrupted there for a moment, by
`ptrace`, as a debugger would do; its parent does not notice, and the program goes on
where it was.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_sup._core.clean import clean_line
from trio_sup.inspect.finding.directory import open_dir

if TYPE_CHECKING:
    from typing import Any

PATIENCE: Final = 30.0
"""Seconds that the program may take to run some Python."""
PAUSE: Final = 0.1
_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_DETACH: Final = 17
_ALL_CHILDREN: Final = 0x40000000

SCRIPT: Final = """\
def _inspect():
    import sys
    modules, added = set(sys.modules), [p for p in {paths!r} if p not in sys.path]
    sys.path += added
    try:
        from trio_sup._inspected.injected import begin
    except BaseException as error:
        import json, pathlib
        text = json.dumps({{"error": f"{{type(error).__name__}}: {{error}}"}})
        pathlib.Path({answer!r}).write_text(text, encoding="utf-8")
        for path in added:
            sys.path.remove(path)
        return
    begin({directory!r}, {answer!r}, added, modules)
_inspect()
del _inspect
"""


class CannotInject(Exception):
    """The inspector cannot be opened there; `str` is one line that says why."""


class NoProcessThere(CannotInject):
    """There is no such process."""


class RanNothing(CannotInject):
    """The process did not come to it."""


class NotAllowed(CannotInject):
    """The process is somebody else's, or may not be debugged."""


def inject(pid: int, directory: Path) -> Path:
    """Open the inspector in a Trio program that runs.

    It goes by itself when nobody looks any more.

    Args:
        pid: The process; of this user, with this version of Python.
        directory: Where its socket is to be made: the runtime directory.

    Returns:
        The socket.

    Raises:
        CannotInject: it cannot be done, or the program refuses.
    """
    remote_exec: Callable[[int, str], None] | None = getattr(sys, "remote_exec", None)
    if remote_exec is None:
        mine = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise CannotInject(
            f"a program that does not offer an inspector can be opened from"
            f" Python 3.14 on, here and there; this is {mine}"
        )
    with open_dir(directory, own=True, make=True):
        pass  # as the node will find it
    scratch = Path(tempfile.mkdtemp(prefix="trio-sup-"))
    script, answer = scratch / "attach.py", scratch / "answer.json"
    late = False
    try:
        script.write_text(_script(directory, answer), encoding="utf-8")
        _ask(remote_exec, pid, script)
        return _answer(pid, answer)
    except RanNothing:
        # It may come to it yet: it shall find a script, and nothing to do in it.
        late = True
        script.write_text("", encoding="utf-8")
        raise
    finally:
        if not late:
            shutil.rmtree(scratch, ignore_errors=True)


def _script(directory: Path, answer: Path) -> str:
    paths = [str(Path(__file__).parents[3])]
    for name in ("cattrs", "attrs", "typing_extensions"):
        spec = util.find_spec(name)
        if spec is not None and spec.origin is not None:
            up = 1 if spec.submodule_search_locations is None else 2
            paths.append(str(Path(spec.origin).parents[up - 1]))
    return SCRIPT.format(
        paths=list(dict.fromkeys(paths)),
        directory=str(directory.absolute()),
        answer=str(answer),
    )


def _ask(remote_exec: Callable[[int, str], None], pid: int, script: Path) -> None:
    try:
        remote_exec(pid, str(script))
    except ProcessLookupError as error:
        raise NoProcessThere(f"there is no process {pid}") from error
    except PermissionError as error:
        raise NotAllowed(_why_not(pid, error)) from error
    except (OSError, RuntimeError, ValueError) as error:
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            raise NoProcessThere(f"there is no process {pid}") from error
        raise CannotInject(f"process {pid}: {_one_line(error)}") from error


def _why_not(pid: int, error: Exception) -> str:
    hint = ""
    with contextlib.suppress(OSError, ValueError):
        scope = Path("/proc/sys/kernel/yama/ptrace_scope").read_text(encoding="ascii")
        if int(scope):
            hint = f" (kernel.yama.ptrace_scope is {scope.strip()}: root may)"
    return f"process {pid} may not be opened: {_one_line(error)}{hint}"


def _one_line(error: Exception) -> str:
    return clean_line(" ".join(str(error).split()) or type(error).__name__, 300)


def _answer(pid: int, answer: Path) -> Path:
    """Wait for what the program says, and wake it if it sleeps."""
    due = time.monotonic() + PATIENCE
    while time.monotonic() < due:
        time.sleep(PAUSE)
        if answer.exists():
            facts: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
            if "socket" in facts:
                return Path(str(facts["socket"]))
            raise CannotInject(f"process {pid}: {clean_line(str(facts['error']), 300)}")
        if not _alive(pid):
            raise NoProcessThere(f"process {pid} has ended")
        _interrupt(pid)
    raise RanNothing(
        f"process {pid} ran no Python for {PATIENCE:g} s: it is stopped, or held in C"
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _interrupt(pid: int) -> None:
    """Have a system call of the main thread end for a moment, as in a debugger.

    Where that is not possible, the program is waited for as it is.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [
        ctypes.c_long,
        ctypes.c_long,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(_SEIZE, pid, None, None):
        return  # somebody else debugs it, or it may not be
    with _detached(libc, pid):
        if libc.ptrace(_INTERRUPT, pid, None, None) == 0:
            _wait_for_stop(pid)


def _wait_for_stop(pid: int) -> None:
    """Wait until it has stopped; one that cannot is let go of when this ends."""
    due = time.monotonic() + PATIENCE
    while time.monotonic() < due:
        if os.waitpid(pid, _ALL_CHILDREN | os.WNOHANG)[0]:
            return
        time.sleep(PAUSE / 100)


@contextlib.contextmanager
def _detached(libc: ctypes.CDLL, pid: int) -> Generator[None]:
    try:
        yield
    finally:
        libc.ptrace(_DETACH, pid, None, None)
