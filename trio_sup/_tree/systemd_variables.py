"""What systemd tells a service by its environment: read once, and taken away.

The variables are meant for this process. A subprocess that inherits them speaks for
the service: a Python program below it would say READY=1, or feed a watchdog that is
to notice that this program hangs.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from typing import Final

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

_taken: dict[int, dict[str, str]] = {}
"""What was found, by the process that it was meant for."""


def take_variables(environ: MutableMapping[str, str]) -> Mapping[str, str]:
    """Remove the variables from the environment; what they said.

    A second tree in the same process is told what the first one was, as long as
    systemd listens there.
    """
    found = {name: environ.pop(name) for name in VARIABLES if name in environ}
    if environ is not os.environ:
        return found
    mine = os.getpid()
    if "NOTIFY_SOCKET" in found:
        _taken.clear()
        _taken[mine] = found
        return found
    remembered = _taken.get(mine, {})
    if remembered and not _listens(remembered["NOTIFY_SOCKET"]):
        remembered = {}
        _taken.clear()
    return remembered or found


def _listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        except (OSError, ValueError):
            return False
    return True
