"""The source: an HTTP service as one gets it, slow and flaky, in a process of its own.

``GET /transactions/ID`` answers ``{"confirmations": N}``; N grows by one with each
answer up to `FINAL`. It needs nothing but Python, and knows nothing of who asks.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import cast

FINAL = 12
"""A transaction with so many confirmations is final."""


class Source(ThreadingHTTPServer):
    """Counts confirmations; slow and flaky as asked for.

    Args:
        port: 0 for any that is free; see `server_port`.
        latency: Seconds before an answer.
        errors: The share of requests that are answered by a 502, from 0 to 1.
        outage: From which second on everything fails, and until which; by `time.monotonic`
            since the start.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(
        self,
        port: int = 0,
        *,
        latency: float = 0.0,
        errors: float = 0.0,
        outage: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.latency = latency
        self.errors = errors
        self.outage = outage
        self._began = time.monotonic()
        self._confirmations: Counter[str] = Counter()
        self._lock = Lock()

    def confirm(self, id: str) -> int:
        """Count one more, up to `FINAL`."""
        with self._lock:
            self._confirmations[id] = min(self._confirmations[id] + 1, FINAL)
            return self._confirmations[id]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up, or are killed."""

    def fails(self) -> bool:
        """Whether this request meets an outage or bad luck."""
        if self.outage is not None:
            begins, ends = self.outage
            if begins <= time.monotonic() - self._began < ends:
                return True
        return random.random() < self.errors


class Answer(BaseHTTPRequestHandler):
    """One connection, over which requests come one after the other."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece

    def do_GET(self) -> None:
        """Answer as slowly and as badly as the service was told to."""
        source = cast(Source, self.server)
        time.sleep(source.latency)
        if source.fails():
            self._send(502, {"error": "bad gateway"})
            return
        kind, _, id = self.path.strip("/").partition("/")
        if kind != "transactions" or not id:
            self._send(404, {"error": "no such page"})
            return
        self._send(200, {"confirmations": source.confirm(id)})

    def _send(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: there are thousands."""


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="A slow and flaky service.")
    parser.add_argument("--port", type=int, default=8750)
    parser.add_argument("--latency", type=float, default=0.05, metavar="SECONDS")
    parser.add_argument("--errors", type=float, default=0.05, metavar="SHARE")
    parser.add_argument(
        "--outage", type=float, nargs=2, metavar=("FROM", "UNTIL"), help="in seconds"
    )
    chosen = parser.parse_args()
    outage = None if chosen.outage is None else (chosen.outage[0], chosen.outage[1])
    source = Source(
        chosen.port, latency=chosen.latency, errors=chosen.errors, outage=outage
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"source: http://127.0.0.1:{source.server_port}", flush=True)
    try:
        source.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
