"""What an exception means to the process: an exit code, or Ctrl-C."""

from __future__ import annotations

from trio_sup._core.anatomy import is_a, leaves


def end_of_process(error: BaseException) -> SystemExit | KeyboardInterrupt | None:
    """Return what an error means to the process, if it means only one thing.

    Python knows the exit code of a bare `SystemExit`, and Ctrl-C only as a bare
    `KeyboardInterrupt`; a nursery makes a group of it. Of several exit codes the
    first that is not 0 stands for all.

    Args:
        error: What came out of a life, or of the run.
    """
    if is_a(error, Exception):
        return None  # a group of these holds nothing else
    found = list(leaves(error))
    pressed = [leaf for leaf in found if is_a(leaf, KeyboardInterrupt)]
    if len(pressed) == len(found):
        return pressed[0]
    exits = [leaf for leaf in found if is_a(leaf, SystemExit)]
    if len(exits) < len(found):
        return None
    return next((leaf for leaf in exits if not is_good_end(leaf)), exits[0])


def is_good_end(end: SystemExit | KeyboardInterrupt) -> bool:
    """Whether the program ends well by it: exit code 0."""
    return is_a(end, SystemExit) and end.code in (None, 0)
