"""What a forked copy of a node must not hold: its sockets.

A copy that `os.fork` or `multiprocessing` made has the node's descriptors. When the
node has died, they would let it look alive: somebody seems to listen, nobody
answers, and clients do not hear that the connection has ended.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class HasFileno(Protocol):
    """A socket, Python's or Trio's."""

    def fileno(self) -> int:
        """Its descriptor, -1 once closed."""
        ...


_held: WeakSet[HasFileno] = WeakSet()
_watched: list[bool] = []


def stays_here(sock: HasFileno) -> None:
    """Let the socket lead nowhere in copies of this process, from now on."""
    if not _watched and hasattr(os, "register_at_fork"):
        _watched.append(True)
        os.register_at_fork(after_in_child=_let_go)
    _held.add(sock)


def _let_go() -> None:
    """In the copy: put the null device in the place of each socket.

    Not closed: its owner here, which will never run, may close the number again
    when it already stands for something else.
    """
    descriptors = [sock.fileno() for sock in list(_held)]
    _held.clear()
    if not any(number >= 0 for number in descriptors):
        return
    try:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for number in descriptors:
            if number >= 0:
                os.dup2(null, number, inheritable=False)
        os.close(null)
    except OSError:
        pass  # Out of descriptors: it stays as it was before.
