"""What is fatal, where no task of the user's is at hand that it could be raised in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core.clean import clean
from trio_sup._core.safe import safe_repr
from trio_sup._trio.log import Log, to_stderr

if TYPE_CHECKING:
    from trio_sup._children.record import Kid
    from trio_sup._supervisors.shell import Driver

_log = Log("trio_sup")


def end_a_tree(near: Kid, error: BaseException, where: str) -> None:
    """Let a supervisor stop in order and raise a fatal error then. Synchronous.

    The nearest that runs above a child, else any tree of its node; with none left
    the error can only be logged.

    Args:
        near: The child that it is about.
        error: What is fatal.
        where: Who raised it, in a word or two.
    """
    driver = _running_above(near)
    if driver is not None:
        driver.fatal.append(error)
        driver.request_stop(f"{type(error).__name__} in a {where}")
        return
    text = clean(
        f"a {where} raised {safe_repr(error)}, and no tree is left to be ended by it"
    )
    try:
        _log.error("%s", text, exc_info=error)
    except BaseException:  # noqa: BLE001 - a log handler's, with no tree left either
        to_stderr(text + "\n")


def _running_above(near: Kid) -> Driver | None:
    kid: Kid | None = near
    while kid is not None:
        driver = kid.driver
        if driver is not None and driver.mode != "down":
            return driver
        kid = None if kid.parent is None else kid.parent.kid
    for root in near.node.roots():
        if root.driver is not None and root.driver.mode != "down":
            return root.driver
    return None
