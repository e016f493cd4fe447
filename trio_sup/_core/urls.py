"""URLs as people may see them: without what lets somebody in. Pure."""

from __future__ import annotations

from typing import Final

HIDDEN: Final = "***"


def without_secrets(url: str) -> str:
    """Return a URL with neither a password nor what follows a ``?``.

    Of one that cannot be read for sure more is hidden, never less: a password may hold
    any character, and people forget to escape it.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return HIDDEN if "@" in url or "=" in url else url
    before, at, place = rest.rpartition("@")
    if "?" in before:
        return f"{scheme}://{HIDDEN}"
    place = place.partition("?")[0].partition("#")[0]
    if not at:
        return f"{scheme}://{place}"
    user, colon, _ = before.partition(":")
    return f"{scheme}://{user}{colon and f':{HIDDEN}'}@{place}"
