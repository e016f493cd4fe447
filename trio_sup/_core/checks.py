"""The checks that specifications and policies have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trio_sup._core.clean import safe_repr
from trio_sup._core.errors import SupervisionError


class ChildSpecError(SupervisionError, ValueError):
    """A specification is invalid; nothing was started.

    Args:
        field: The field at fault.
        value: What it was.
        accepted: What is accepted, as text.
        owner: The id of the specification, for the message.
    """

    def __init__(
        self, field: str, value: object, accepted: str, owner: object = None
    ) -> None:
        self.field = field
        self.value = value
        self.accepted = accepted
        whose = "child spec" if owner is None else f"child spec {safe_repr(owner)}"
        super().__init__(f"{whose}: {field} must be {accepted}, not {safe_repr(value)}")


def check_boolean(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ChildSpecError(name, value, "True or False")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_number(name: str, value: object, *, positive: bool = False) -> None:
    accepted = "a number of seconds > 0" if positive else "a number of seconds >= 0"
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or math.isnan(value)
        or value < 0
        or (positive and value == 0)
    ):
        raise ChildSpecError(name, value, accepted)


def check_intensity(prefix: str, max_restarts: object, max_seconds: object) -> None:
    """Check a limit and its window (checklist SUP-021).

    Raises:
        ChildSpecError: a negative or non-integer limit; a window that is not a
            number above 0.
    """
    if (
        isinstance(max_restarts, bool)
        or not isinstance(max_restarts, int)
        or max_restarts < 0
    ):
        raise ChildSpecError(
            f"{prefix}max_restarts", max_restarts, "a whole number >= 0"
        )
    check_number(f"{prefix}max_seconds", max_seconds, positive=True)


def check_capacity(size: object) -> None:
    whole = isinstance(size, int) and not isinstance(size, bool) and size >= 1
    if not whole and size != math.inf:
        raise ChildSpecError(
            "mailbox.capacity", size, "a whole number >= 1, or math.inf"
        )


def check_type(
    name: str, value: object, kind: type[object], accepted: str, owner: str
) -> None:
    if not isinstance(value, kind):
        raise ChildSpecError(name, value, accepted, owner)


def check_hashable(name: str, value: object, owner: str) -> None:
    try:
        hash(value)
    except TypeError:
        raise ChildSpecError(name, value, "hashable", owner) from None


def check_one_of(name: str, value: object, accepted: Sequence[str], owner: str) -> None:
    if not isinstance(value, str) or value not in accepted:
        raise ChildSpecError(
            name, value, "one of " + ", ".join(map(repr, accepted)), owner
        )


def check_shutdown(value: object, owner: str) -> None:
    if value == "brutal_kill":
        return
    check_seconds("shutdown", value, owner, "'brutal_kill' or a number of seconds >= 0")


def check_seconds(
    name: str, value: object, owner: str, accepted: str = "a number of seconds >= 0"
) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or math.isnan(value)
        or value < 0
    ):
        raise ChildSpecError(name, value, accepted, owner)
