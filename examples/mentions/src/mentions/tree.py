"""The tree: the client, the syncs, and the web page."""

from __future__ import annotations

import os

from trio_sup import (
    Backoff,
    ChildSpec,
    Supervisor,
    child,
    dynamic_supervisor,
    supervisor,
)

from .github import GitHub
from .sync import SYNCS, Way
from .web import serve_web


def mentions(way: Way, port: int) -> ChildSpec[Supervisor]:
    """Describe the tree.

    Args:
        way: Where to look, and how often.
        port: Where the page is; 0 for any port that is free.
    """
    # --8<-- [start:tree]
    patient = Backoff(maximum=5.0)
    children = [
        child(way.github.serve, id="github", backoff=patient),
        dynamic_supervisor(id="syncs", name=SYNCS),
        # Stops first: browsers leave, then their syncs, then the connections.
        child(serve_web, way, port, id="web", backoff=patient),
    ]
    # Who watches sees a restart as a line on the page: it may happen often.
    return supervisor(children, id="mentions", max_restarts=100, max_seconds=60.0)
    # --8<-- [end:tree]


def spec() -> ChildSpec[Supervisor]:
    """Describe the program: for ``trio-sup run mentions.tree:spec``.

    From the environment: `MENTIONS_REPOSITORY`, ``owner/name``; `GITHUB_TOKEN`, whose
    rights to use; `MENTIONS_GITHUB`, where the API is; `MENTIONS_EVERY`, the seconds
    between two looks; `MENTIONS_PORT`, where the page is.
    """
    return mentions(way_of_environment(), int(os.environ.get("MENTIONS_PORT", "8790")))


def way_of_environment() -> Way:
    """Return where to look, as the environment says."""
    github = GitHub(
        os.environ.get("MENTIONS_GITHUB", "https://api.github.com"),
        os.environ.get("GITHUB_TOKEN"),
    )
    return Way(
        github,
        os.environ.get("MENTIONS_REPOSITORY", "python-trio/trio"),
        every=float(os.environ.get("MENTIONS_EVERY", "60")),
    )
