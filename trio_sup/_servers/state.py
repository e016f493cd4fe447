"""A server's state as data: the attributes of its object."""

from __future__ import annotations

from collections.abc import Mapping
from types import MemberDescriptorType
from typing import TYPE_CHECKING, cast

from trio_sup._trio.protect import call_user

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase


def state_of(server: ServerBase) -> dict[str, object]:
    """Return the attributes of a server, those in slots included; a shallow copy."""
    state: dict[str, object] = {}
    for cls in type(server).__mro__:
        for name, member in vars(cls).items():
            if isinstance(member, MemberDescriptorType) and hasattr(server, name):
                state[name] = getattr(server, name)
    state.update(vars(server))
    state.pop("__inner__", None)
    return state


def set_state(server: ServerBase, state: Mapping[str, object]) -> None:
    """Make `state` the attributes of a server: all of it, or nothing.

    Raises:
        TypeError: it is not a mapping of names to values.
        AttributeError: the class does not let one of the names be set.
    """
    if not _is_state(state):
        raise TypeError(f"the new state must map names to values, not {state!r:.200}")
    before = state_of(server)
    try:
        _write(server, before, state)
    except BaseException:
        _write(server, state_of(server), before)
        raise


def _is_state(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(isinstance(name, str) for name in cast("Mapping[object, object]", value))


def _write(
    server: ServerBase, old: Mapping[str, object], new: Mapping[str, object]
) -> None:
    # Past a class's own __setattr__: a frozen one would refuse.
    for name in old.keys() - new.keys():
        object.__delattr__(server, name)
    for name, value in new.items():
        object.__setattr__(server, name, value)


def formatted(server: ServerBase, parts: dict[str, object]) -> dict[str, object]:
    """Return what people may see, in the words of the server's `format_status`.

    If that raises, or returns something else, a placeholder takes the place of
    every part: a secret must not come out because the hook that hides it is broken.
    """
    try:
        shown = call_user(server.format_status, dict(parts))
    except Exception as error:  # noqa: BLE001 - user code
        return dict.fromkeys(parts, f"<format_status raised {type(error).__name__}>")
    if not _is_state(shown):
        return dict.fromkeys(parts, "<format_status returned no dict>")
    return shown
