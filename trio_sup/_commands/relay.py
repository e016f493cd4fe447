"""``trio-sup relay``."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import HOW, add_node
from trio_sup._commands.command import Command
from trio_sup._commands.support import asking, find

if TYPE_CHECKING:
    import argparse

CHUNK: Final = 65_536


def run(args: argparse.Namespace) -> int:
    """Join stdin and stdout with the node's socket, until either side ends.

    Reads no message: the versions of the two ends need not be known here.
    """
    from trio_sup.inspect.client import conversation

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        with asking():
            conversation.connect(sock, find(args))
        sock.settimeout(None)
        incoming = sys.stdin.fileno()
        # A daemon: while nothing is typed it is in a read that cannot be ended.
        threading.Thread(target=_requests, args=(incoming, sock), daemon=True).start()
        _answers(sock, sys.stdout.fileno())
    return 0


def _requests(incoming: int, sock: socket.socket) -> None:
    try:
        while data := os.read(incoming, CHUNK):
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other direction says that it is over.


def _answers(sock: socket.socket, outgoing: int) -> None:
    while True:
        try:
            data = sock.recv(CHUNK)
        except ConnectionError:
            return
        if not data:
            return
        while data:
            data = data[os.write(outgoing, data) :]


COMMAND = Command(
    run,
    add_node,
    f"{HOW}\nThis is what `trio-sup inspect ssh://host/node` runs on the other machine.\n",
)
