"""What is fatal, where no task of the user's is at hand that it could be raised in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core.clean import clean, safe_repr
from trio_sup._trio.log import Log, to_stderr

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import Supervising

_log = Log("trio_sup")


def end_a_tree(near: Record, error: BaseException, where: str) -> None:
    """Let a supervisor stop in order and raise a fatal error then. Synchronous.

    The nearest that runs above a child, else any tree of its node; with none left
    the error can only be logged.

    Args:
        near: The child that it is about.
        error: What is fatal.
        where: Who raised it, in a word or two.
    """
    shell = _running_above(near)
    if shell is not None:
        shell.fatal.append(error)
        shell.request_stop(f"{type(error).__name__} in a {where}")
        return
    text = clean(
        f"a {where} raised {safe_repr(error)}, and no tree is left to be ended by it"
    )
    try:
        _log.error("%s", text, exc_info=error)
    except BaseException:  # noqa: BLE001 - a log handler's, with no tree left either
        to_stderr(text + "\n")


def _running_above(near: Record) -> Supervising[Record] | None:
    record: Record | None = near
    while record is not None:
        shell = record.shell
        if shell is not None and shell.mode != "down":
            return shell
        record = None if record.parent is None else record.parent.record
    for root in near.node.trees():
        if root.shell is not None and root.shell.mode != "down":
            return root.shell
    return None
