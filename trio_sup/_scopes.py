"""Cancel scopes that are opened and closed by hand."""

from __future__ import annotations

import trio
from trio.lowlevel import enable_ki_protection


@enable_ki_protection
def close_scope(
    scope: trio.CancelScope, error: BaseException | None
) -> BaseException | None:
    """Leave a scope with an error, and return what is left of that: it never raises.

    Of a group the scope takes its own cancellations and leaves the rest, which Trio
    raises; whoever has more to do when a block ends must not be stopped by that.
    """
    kind = None if error is None else type(error)
    trace = None if error is None else error.__traceback__
    try:
        if scope.__exit__(kind, error, trace):
            return None
    except BaseException as rest:  # noqa: BLE001 - returned
        return rest
    return error
