"""Telling systemd how the tree fares, where it asks for that.

Nothing is sent unless ``NOTIFY_SOCKET`` is set. READY=1 goes out when all children
are ready, STOPPING=1 when the stop begins, and WATCHDOG=1 twice per
``WATCHDOG_USEC`` as long as the tree is healthy: the loop turns, the root runs, and
no child is stuck.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

import trio

from trio_sup._core.exits import describe_error
from trio_sup._tree.systemd_variables import take_variables
from trio_sup._trio.log import Log

if TYPE_CHECKING:
    from trio_sup._children.record import Record

_log = Log("trio_sup")


class SystemdNotifier:
    """One program's line to systemd."""

    def __init__(self, address: str, watchdog_seconds: float | None) -> None:
        self._pid = os.getpid()
        # A leading @ stands for the zero byte of the abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._failed = False

    def send(self, state: str) -> None:
        """Send one state; a failure is logged once and harms nothing."""
        if os.getpid() != self._pid:
            return  # A forked copy does not speak for the service.
        try:
            self._socket.sendto(state.encode(), self._address)
        except Exception as error:  # noqa: BLE001 - as it is said above
            if not self._failed:
                self._failed = True
                _log.warning(
                    "systemd was not notified of %s: %s", state, describe_error(error)
                )

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    async def feed_watchdog(self, root: Record) -> None:
        """Feed the watchdog as long as the tree is healthy. Runs until cancelled."""
        if self.watchdog_seconds is None:
            return
        while True:
            if is_healthy(root):
                self.send("WATCHDOG=1")
            await trio.sleep(self.watchdog_seconds / 2)


def is_healthy(root: Record) -> bool:
    """Whether the root runs and nothing below it is stuck."""
    return root.running and not _has_stuck(root)


def _has_stuck(record: Record) -> bool:
    if record.status == "stuck":
        return True
    return any(_has_stuck(one) for one in record.body.below())


def systemd_notifier(
    environ: MutableMapping[str, str] = os.environ,
) -> SystemdNotifier | None:
    """Open the line to systemd; None where there is none, or where it fails."""
    said = take_variables(environ)
    address = said.get("NOTIFY_SOCKET", "")
    if not address or address[0] not in "/@":
        return None
    try:
        return SystemdNotifier(address, _watchdog_seconds(said))
    except Exception as error:  # noqa: BLE001 - no file descriptor, no unix sockets
        _log.warning("systemd is not notified: %s", describe_error(error))
        return None


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Return the watchdog's interval, if it is meant for this process."""
    pid = environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        return None  # no interval that systemd would send
    return int(text) / 1e6 or None
