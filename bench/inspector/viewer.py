"""The inspector's terminal application, noting when it attached.

``python -m bench.inspector.viewer SOCKET FILE``: FILE gets the moment, on the clock
that all processes of a machine share.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from trio_sup.inspect.client.session import Session
from trio_sup_inspector.app import main


def note_attach(path: Path) -> None:
    """Write down when a session is connected for the first time."""
    plain = Session.connected

    def connected(self: Session, now: float) -> None:
        if not path.exists():
            text = f"{time.monotonic()} {time.process_time()}"
            path.write_text(text, encoding="ascii")
        plain(self, now)

    setattr(Session, "connected", connected)  # noqa: B010


if __name__ == "__main__":
    note_attach(Path(sys.argv[2]))
    sys.exit(main(Path(sys.argv[1]), remember=False))
