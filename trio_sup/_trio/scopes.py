"""Cancel scopes that are opened and closed by hand, and many that are cancelled at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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


def reason_of(scope: trio.CancelScope) -> object:
    """Return the reason that Trio has made of a cancellation; None if it tells none."""
    return getattr(scope, "_cancel_reason", None) if _SHARES else None


_own: Any = getattr(trio.CancelScope, "_cancel", trio.CancelScope.cancel)
cancel_as: Final[Callable[[trio.CancelScope, Any], None]] = _own
"""Cancel a scope for the reason of another, which `reason_of` told.

As `CancelScope.cancel` from the same task does with the same words, but that these are
not put together once more.
"""


def _shares() -> bool:
    """Whether Trio cancels for a reason that it was given."""
    one, other = trio.CancelScope(), trio.CancelScope()
    one.cancel("a reason")
    reason = getattr(one, "_cancel_reason", None)
    try:
        cancel_as(other, reason)
    except Exception:  # noqa: BLE001 - it takes another argument, or none
        return False
    found = getattr(other, "_cancel_reason", None)
    return reason is not None and found is reason and other.cancel_called


_SHARES: Final = _shares()
