"""The way to GitHub: one client, shared by all syncs, which keeps GitHub's rules.

It asks for what has changed only, and not at all before a rate limit is over.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
import trio
from attrs import frozen

REMEMBERED = 256
"""So many answers are kept, to ask whether they are still right."""


class NoAnswer(Exception):
    """GitHub is down, or will not say; the text is for people. Ask again later."""


class RateLimited(NoAnswer):
    """GitHub has had enough of us until a certain time.

    Attributes:
        until: That time, as `time.time` says it.
    """

    def __init__(self, until: float) -> None:
        super().__init__(f"the rate limit is used up until {time.ctime(until)}")
        self.until = until


@frozen
class Comment:
    """A comment on a line of a pull request."""

    id: int
    author: str
    body: str
    url: str
    updated: str
    """When, as GitHub writes it: the order of text is that of time."""


@frozen
class _Page:
    """An answer, and what it takes to ask whether it is still right."""

    etag: str
    comments: list[Comment]
    following: str | None


class GitHub:
    """Asks GitHub's REST API. Its connections live while the child runs `serve`.

    Args:
        url: Where the API is.
        token: Whose rights to use; without one only what is public can be seen, sixty
            times an hour.
    """

    def __init__(
        self, url: str = "https://api.github.com", token: str | None = None
    ) -> None:
        self._url = url
        self._headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "trio-sup-mentions",
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        # Loaded once: it takes longer than all else in the start of a life.
        self._certificates = httpx.create_ssl_context()
        self._http: httpx.AsyncClient | None = None
        self._pages: dict[str, _Page] = {}
        self._not_before = 0.0

    async def serve(
        self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the connections open: the body of a child."""
        async with httpx.AsyncClient(
            base_url=self._url,
            headers=self._headers,
            verify=self._certificates,
            timeout=httpx.Timeout(10, pool=None),
            follow_redirects=True,  # repositories are renamed
        ) as self._http:
            task_status.started()
            await trio.sleep_forever()

    async def comments(self, repository: str, since: str) -> list[Comment]:
        """Return what was written or changed since then, the oldest first.

        All pages of it, however many there are.

        Raises:
            RateLimited: not before a certain time.
            NoAnswer: GitHub is down, or refuses.
        """
        query = f"sort=updated&direction=asc&per_page=100&since={since}"
        following: str | None = f"/repos/{repository}/pulls/comments?{query}"
        found: list[Comment] = []
        while following is not None:
            page = await self._page(following)
            found += page.comments
            following = page.following
        return found

    # --8<-- [start:page]
    async def _page(self, path: str) -> _Page:
        """Ask for a page: whether it has changed, if it is known."""
        if time.time() < self._not_before:
            raise RateLimited(self._not_before)
        known = self._pages.pop(path, None)
        asking = {"If-None-Match": known.etag} if known and known.etag else {}
        answer = await self._get(path, asking)
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            self._not_before = _reset_of(answer)
        if answer.status_code == 304 and known is not None:
            page = known  # and GitHub does not count the question
        elif answer.status_code == 200:
            page = self._read(answer)
        else:
            raise self._refusal(answer)
        self._pages[path] = page  # the last used stands last
        if len(self._pages) > REMEMBERED:
            del self._pages[next(iter(self._pages))]
        return page

    def _refusal(self, answer: httpx.Response) -> NoAnswer:
        """Say what an answer means that brings no comments."""
        status = answer.status_code
        if status == 429 or (status == 403 and _is_limit(answer)):
            self._not_before = _reset_of(answer)
            return RateLimited(self._not_before)
        texts = {401: "GitHub does not accept the token", 404: "no such repository"}
        return NoAnswer(texts.get(status, f"GitHub answers {status}"))

    # --8<-- [end:page]
    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        if self._http is None or self._http.is_closed:
            raise NoAnswer("the connections to GitHub are being opened")
        try:
            return await self._http.get(path, headers=headers)
        except (httpx.HTTPError, RuntimeError) as error:
            # A client that is closed under a request raises a RuntimeError.
            raise NoAnswer(f"GitHub does not answer: {type(error).__name__}") from error

    def _read(self, answer: httpx.Response) -> _Page:
        following = answer.links.get("next", {}).get("url")
        if following is not None and not following.startswith(self._url):
            raise NoAnswer("GitHub sends us elsewhere")  # our token is for GitHub only
        try:
            comments = [_comment(each) for each in answer.json()]
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswer("GitHub's answer makes no sense") from error
        return _Page(answer.headers.get("ETag", ""), comments, following)


def _comment(found: dict[str, Any]) -> Comment:
    author = (found["user"] or {"login": "ghost"})["login"]  # whose account is gone
    return Comment(
        int(found["id"]),
        str(author),
        str(found["body"]),
        str(found["html_url"]),
        str(found["updated_at"]),
    )


def _is_limit(answer: httpx.Response) -> bool:
    headers = answer.headers
    return "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"


def _reset_of(answer: httpx.Response) -> float:
    """Return when we may ask again; in a minute where GitHub does not say."""
    try:
        if "Retry-After" in answer.headers:
            return time.time() + float(answer.headers["Retry-After"])
        return float(answer.headers["X-RateLimit-Reset"])
    except (KeyError, ValueError):
        return time.time() + 60.0
