"""Cancel scopes that are opened and closed by hand."""

from __future__ import annotations

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._core.anatomy import is_a, is_group, leaves, traceback_of, without


@enable_ki_protection
def close_scope(
    scope: trio.CancelScope, error: BaseException | None
) -> BaseException | None:
    """Leave a scope with an error, and return what is left of that: it never raises.

    Of a group the scope takes its own cancellations and leaves the rest. That is done
    here: Trio does it by `split`, where code of the group's class runs, and then raises
    what is left; whoever has more to do when a block ends must not be stopped by that.
    """
    told = error
    if error is not None and is_group(error):
        found = (leaf for leaf in leaves(error) if is_a(leaf, trio.Cancelled))
        told = next(found, None)
    kind = None if told is None else type(told)
    trace = None if told is None else traceback_of(told)
    try:
        taken = scope.__exit__(kind, told, trace)
    except BaseException as rest:  # noqa: BLE001 - returned
        return rest
    if error is None or told is None or not taken:
        return error
    return without(error, trio.Cancelled)
