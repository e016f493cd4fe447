"""process: the specification of a program as a child."""

from __future__ import annotations

from collections.abc import Collection
from typing import Unpack

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.options import OF_A_CHILD, ChildOptions, check_options
from trio_sup._core.specs import ChildSpec
from trio_sup._processes.body import PROCESS
from trio_sup._processes.command import OF_A_COMMAND, CommandOptions, Word, make_command
from trio_sup._processes.handle import Process
from trio_sup._processes.outputs import Output, checked_output
from trio_sup._processes.readiness import Ready, checked_ready
from trio_sup._processes.signals import Signal, codes_of, signal_number
from trio_sup._processes.spec import Program


class ProcessOptions(ChildOptions, CommandOptions, total=False):
    """What can be said of a program as a child by keyword, beside its own; see `process`.

    Attributes:
        shutdown: Seconds from the stop signal until SIGKILL; or ``"brutal_kill"``:
            SIGKILL at once. By default 10.
    """


SHUTDOWN = 10.0


def process(
    program: Word,
    *args: Word,
    ready: Ready | None = None,
    stop: Signal = "SIGTERM",
    ok_codes: Collection[Signal] = (0,),
    stdout: Output = "log",
    stderr: Output = "log",
    **options: Unpack[ProcessOptions],
) -> ChildSpec[Process]:
    """Describe a program of the operating system as a child.

    Each life is a process, the leader of a process group of its own. An end with one of
    the `ok_codes` is in order, any other is a crash: so ``restart="transient"`` restarts
    after a bad exit code or a signal. To stop it the group gets the signal `stop`, and
    SIGKILL when `shutdown` seconds are over. Whoever of the group outlives the program
    is killed. If the node itself is killed, all of the group is.

    Its stdin is empty; for a program that is asked and answers there is `Port`.

    Args:
        program: Its path, or its name, which is looked for in the `PATH`.
        args: Its arguments. There is no shell in between.
        ready: When it counts as started: `OnLine`, `OnPort`, `OnNotify`, or an async
            function that is given the handle and returns then. By default as soon as it
            runs. Give a `start_timeout` with it.
        stop: The signal that asks it to end.
        ok_codes: The exit codes, and names of signals, of an end in order.
        stdout: Where its lines go: ``"log"``, a `LogLines`, ``"ignore"``, ``"inherit"``
            (where the node's own go), a function that takes a line, or a path.
        stderr: The same for stderr, whose last lines are in the story of a crash.
        options: Those of `CommandOptions`: `cwd`, `env`, `user`, `group`, `nice`,
            `limits`, `umask`, `new_session`; and those of `ChildOptions`: `id`, by
            default the program's name, `name`, `restart`, `shutdown` (by default 10),
            `significant`, `start_timeout`, `backoff`, `budget`.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a program.
    """
    check_options(process, options, OF_A_CHILD | OF_A_COMMAND)
    rest = {name: options[name] for name in OF_A_CHILD if name in options}  # type: ignore[literal-required]  # names of options
    owner = options.get("id")
    command = make_command(program, args, options, owner)
    if owner is None:
        owner = command.name
    number = signal_number(stop)
    if number is None:
        raise ChildSpecError("stop", stop, "a signal, such as 'SIGTERM'", owner)
    target = Program(
        command=command,
        stdout=checked_output("stdout", stdout, owner),
        stderr=checked_output("stderr", stderr, owner),
        ready=checked_ready(ready, owner),
        stop=number,
        ok_codes=_ok_codes(ok_codes, owner),
    )
    return ChildSpec(
        kind="process",
        target=target,
        signals_ready=True,
        runs=PROCESS,
        **{"shutdown": SHUTDOWN, **rest},
    )


def _ok_codes(codes: Collection[Signal], owner: object) -> frozenset[int]:
    accepted = "exit codes from 0 to 255 and names of signals, as in (0, 3, 'SIGPIPE')"
    if isinstance(codes, str | int):
        raise ChildSpecError("ok_codes", codes, f"several {accepted}", owner)
    found = codes_of(codes)
    if found is None:
        raise ChildSpecError("ok_codes", codes, accepted, owner)
    return found
