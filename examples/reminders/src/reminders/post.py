"""``reminders-post``: a mail server that delivers nothing, and shows what came.

It speaks as much SMTP as mail programs need, and needs nothing but Python.
"""

from __future__ import annotations

import argparse
import random
import signal
import socketserver
import sys
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any, cast


class Post(socketserver.ThreadingTCPServer):
    """Takes letters, and hands each to `arrived`.

    Args:
        port: 0 for any that is free; see `server_port`.
        arrived: What to do with a letter; by default they gather in `letters`.
        refuse: The share of letters that are not taken, from 0 to 1.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self,
        port: int = 0,
        *,
        arrived: Callable[[Message], None] | None = None,
        refuse: float = 0.0,
    ) -> None:
        super().__init__(("127.0.0.1", port), Talk)
        self.letters: list[Message] = []
        self.arrived = arrived or self.letters.append
        self.refuse = refuse

    @property
    def server_port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up, or are killed."""


class Talk(socketserver.StreamRequestHandler):
    """One client, over whose connection letters come one after the other."""

    def handle(self) -> None:
        """Answer each command."""
        self.say("220 reminders-post")
        for line in iter(self.rfile.readline, b""):
            command = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if command == b"QUIT":
                self.say("221 bye")
                return
            if command == b"DATA":
                self.take()
            elif command in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}:
                self.say("250 fine")
            else:
                self.say("502 not here")

    def take(self) -> None:
        """Read a letter to its end, which is a dot alone."""
        self.say("354 go on")
        lines: list[bytes] = []
        for line in iter(self.rfile.readline, b""):
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b"."))
        else:
            return  # hung up in the middle
        post = cast(Post, self.server)
        if random.random() < post.refuse:
            self.say("451 not now")
            return
        letter: Any = message_from_bytes(b"".join(lines), policy=default)
        post.arrived(letter)
        self.say("250 taken")

    def say(self, text: str) -> None:
        """Send one line."""
        self.wfile.write(f"{text}\r\n".encode())


def show(letter: Message) -> None:
    """Print to whom, and of what."""
    sys.stdout.write(f"{letter['To']}: {letter['Subject']} {letter['Message-ID']}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="A mail server that only shows.")
    parser.add_argument("--port", type=int, default=8025)
    parser.add_argument("--refuse", type=float, default=0.0, metavar="SHARE")
    chosen = parser.parse_args()
    post = Post(chosen.port, arrived=show, refuse=chosen.refuse)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"post: 127.0.0.1:{post.server_port}", flush=True)
    try:
        post.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
