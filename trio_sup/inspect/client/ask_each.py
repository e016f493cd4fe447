"""Ask several nodes at once: one that is silent costs its own time-out, nobody else's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from trio_sup.inspect.client.conversation import EXIT_SILENT, AskError
from trio_sup.inspect.client.oneshot import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.client.conversation import Peer


def ask_each(peers: Sequence[Peer]) -> list[Answer | AskError]:
    """What each node says, in order, or why it cannot be asked."""
    found: list[Answer | AskError] = [
        AskError(f"{peer.place}: it was not asked", EXIT_SILENT) for peer in peers
    ]

    def one(index: int) -> None:
        try:
            found[index] = ask(peers[index], want=("tree", "events"))
        except AskError as error:
            found[index] = error

    # Threads that Ctrl-C need not wait for.
    threads = [
        threading.Thread(target=one, args=(index,), daemon=True)
        for index in range(len(peers))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
