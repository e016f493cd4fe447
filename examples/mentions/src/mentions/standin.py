"""``mentions-standin``: stands in for GitHub's REST API, to try things without it.

It answers ``GET /repos/OWNER/NAME/pulls/comments`` as GitHub does: in pages, with
``Link``, ``ETag`` and the headers of the rate limit. It needs nothing but Python.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit


def _written(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class StandIn(ThreadingHTTPServer):
    """Has comments, troubles and a rate limit, as one tells it to.

    Args:
        port: 0 for any that is free; see `server_port`.
        token: Who does not send it is refused; `None` lets everybody in.
        limit: Answers an hour; those that say "not modified" do not count.
        largest: Comments in a page, at most.
    """

    daemon_threads = True

    def __init__(
        self,
        port: int = 0,
        *,
        token: str | None = None,
        limit: int = 5000,
        largest: int = 100,
    ) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.token = token
        self.limit = self.remaining = limit
        self.reset = time.time() + 3600
        self.largest = largest
        self.failing = False
        self.errors = 0.0
        self.comments: list[dict[str, Any]] = []
        self.answered: Counter[int] = Counter()
        self.lock = threading.Lock()

    def write(self, author: str, body: str, ago: float = 0.0) -> int:
        """Write a comment, so many seconds ago; return its id."""
        with self.lock:
            id = len(self.comments) + 1
            self.comments.append(
                {
                    "id": id,
                    "user": {"login": author},
                    "body": body,
                    "html_url": f"{self.url}/pull/1#discussion_r{id}",
                    "updated_at": _written(time.time() - ago),
                }
            )
            return id

    def use_up_limit(self, seconds: float) -> None:
        """Answer with a refusal for so long."""
        self.remaining, self.reset = 0, time.time() + seconds

    def count(self) -> bool:
        """Count a question; False if that was one too many."""
        with self.lock:
            if time.time() >= self.reset:
                self.remaining, self.reset = self.limit, time.time() + 3600
            if self.remaining <= 0:
                return False
            self.remaining -= 1
            return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class Answer(BaseHTTPRequestHandler):
    """One connection, over which questions come one after the other."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece

    def do_GET(self) -> None:
        """Answer as well as the stand-in was told to."""
        standin = cast(StandIn, self.server)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        parts = urlsplit(self.path)
        steps = parts.path.strip("/").split("/")
        if standin.failing or random.random() < standin.errors:
            self._send(502, "<html>Bad gateway</html>")
        elif standin.token is not None and token != standin.token:
            self._send(401, {"message": "Bad credentials"})
        elif (
            len(steps) != 5 or steps[0] != "repos" or steps[3:] != ["pulls", "comments"]
        ):
            self._send(404, {"message": "Not Found"})
        elif not standin.count():
            self._send(403, {"message": "API rate limit exceeded"})
        else:
            self._page(standin, parts.path, parse_qs(parts.query))

    def _page(self, standin: StandIn, path: str, query: dict[str, list[str]]) -> None:
        asked = {name: values[-1] for name, values in query.items()}
        since, page = asked.get("since", ""), int(asked.get("page", "1"))
        size = min(int(asked.get("per_page", "30")), standin.largest)
        with standin.lock:
            fitting = [c for c in standin.comments if c["updated_at"] >= since]
        fitting.sort(key=lambda comment: (comment["updated_at"], comment["id"]))
        shown = fitting[(page - 1) * size : page * size]
        headers = {"ETag": f'W/"{hashlib.sha256(repr(shown).encode()).hexdigest()}"'}
        if len(fitting) > page * size:
            more = urlencode({**asked, "page": page + 1})
            headers["Link"] = f'<{standin.url}{path}?{more}>; rel="next"'
        if self.headers.get("If-None-Match") == headers["ETag"]:
            with standin.lock:
                standin.remaining += 1
            self._send(304, None, **headers)
        else:
            self._send(200, shown, **headers)

    def _send(self, status: int, answer: object, **headers: str) -> None:
        standin = cast(StandIn, self.server)
        standin.answered[status] += 1
        text = answer if isinstance(answer, str) else json.dumps(answer)
        body = b"" if status == 304 else text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("X-RateLimit-Limit", str(standin.limit))
        self.send_header("X-RateLimit-Remaining", str(standin.remaining))
        self.send_header("X-RateLimit-Reset", str(int(standin.reset) + 1))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: there are thousands."""


def _write_on(standin: StandIn, person: str, every: float) -> None:
    """Write a comment now and then, every second of which mentions somebody."""
    while True:
        standin.write("ada", f"@{person}, what do you think of this line?")
        time.sleep(every)
        standin.write("bob", "Looks good to me.")
        time.sleep(every)


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="Stands in for GitHub's REST API.")
    parser.add_argument("--port", type=int, default=8791)
    parser.add_argument("--person", default="octocat", help="who is mentioned")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--errors", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--limit", type=int, default=5000, metavar="ANSWERS")
    chosen = parser.parse_args()
    standin = StandIn(chosen.port, limit=chosen.limit)
    standin.errors = chosen.errors
    threading.Thread(
        target=_write_on, args=(standin, chosen.person, chosen.every), daemon=True
    ).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"stand-in: {standin.url}", flush=True)
    try:
        standin.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
