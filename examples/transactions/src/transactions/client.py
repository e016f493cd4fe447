"""The way to the source: one client and its connections, shared by all trackers."""

from __future__ import annotations

import httpx
import trio


class Client:
    """Asks the source. Its connections live as long as the child that runs `serve`.

    Args:
        url: Where the source is.
        connections: How many requests may be under way; others wait.
    """

    def __init__(self, url: str, connections: int = 20) -> None:
        self.url = url
        self.connections = connections
        self._http: httpx.AsyncClient | None = None

    async def serve(
        self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the connections open: the body of a child."""
        limits = httpx.Limits(
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
        )
        # A place among the connections may be long in coming; an answer may not.
        timeout = httpx.Timeout(10, pool=None)
        async with httpx.AsyncClient(
            base_url=self.url, limits=limits, timeout=timeout
        ) as self._http:
            task_status.started()
            await trio.sleep_forever()

    async def confirmations(self, id: str) -> int:
        """Ask how many confirmations a transaction has.

        Raises:
            httpx.HTTPError: the source is down, too slow, or answers with an error.
        """
        assert self._http is not None, "whoever asks is started after this client"
        answer = await self._http.get(f"/transactions/{id}")
        answer.raise_for_status()
        return int(answer.json()["confirmations"])
