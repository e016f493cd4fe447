"""Which registries there are: for whoever looks at a run, later than they were made.

They are held weakly. It stands apart from what a registry is, so that this can say
that there is one more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from trio_sup._trio.home import Home


class Homed(Protocol):
    """A registry, as far as it matters here."""

    @property
    def home(self) -> Home | None:
        """The run that it is used in, if any yet."""
        ...


R = TypeVar("R", bound=Homed)

_made: WeakValueDictionary[int, Homed] = WeakValueDictionary()


def remember(registry: Homed) -> None:
    """There is one more registry: for whoever looks later."""
    _made[id(registry)] = registry


def registries_of(home: Home, own: R) -> list[R]:
    """The registries that a Trio run uses, its own first, then as they were made."""
    others = [each for each in list(_made.values()) if each is not own]
    return [own, *(cast("R", each) for each in others if each.home is home)]
