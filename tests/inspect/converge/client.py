"""One client in a process of its own; it can be killed and stopped.

``python -m tests.inspect.converge.client SOCKET`` attaches, and reconnects whenever it
must, as the terminal application does. For each line on stdin it prints what it sees,
as one line of JSON.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import Any

from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.protocol.wire import ROW_COLUMNS


def view(session: Session, reconnects: int) -> dict[str, Any]:
    """What this client sees now."""
    rows = session.rows.values()
    return {
        "live": session.state.phase is Phase.LIVE,
        "error": None if session.last_error is None else session.last_error.code,
        "bad_frames": session.bad_frames,
        "reconnects": reconnects,
        "dropped": session.events_dropped,
        "rows": {row.id: [getattr(row, name) for name in ROW_COLUMNS] for row in rows},
    }


def main(path: str) -> None:
    """Watch until stdin closes."""
    session = Session(client="converge", rate_hz=10.0)
    connections = 0
    while True:
        connections += 1
        session.connecting(time.monotonic())
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            session.connected(time.monotonic())
            if not converse(session, sock, connections - 1):
                return
        session.lost(time.monotonic(), "the node closed the connection")


def converse(session: Session, sock: socket.socket, reconnects: int) -> bool:
    """One connection; False if stdin closed."""
    while not session.want_close:
        sock.sendall(session.outgoing())
        ready, _, _ = select.select([sock.fileno(), 0], [], [], 0.25)
        if 0 in ready:
            if not os.read(0, 100):
                return False
            print(json.dumps(view(session, reconnects)), flush=True)
        if sock.fileno() in ready:
            data = sock.recv(65536)
            if not data:
                return True
            session.receive(data, time.monotonic())
        session.tick(time.monotonic())
        session.take_changes()
    return True


if __name__ == "__main__":
    main(sys.argv[1])
