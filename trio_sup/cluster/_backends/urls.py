"""Which engine is at a URL."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from trio_sup._core.urls import without_secrets
from trio_sup.cluster._backends.link import Backend

_REDIS: Final = ("trio_sup.cluster.redis", "RedisBackend", "prefix")
_POSTGRES: Final = ("trio_sup.cluster.postgres", "PostgresBackend", "schema")
_KINDS: Final = {
    "redis": _REDIS,
    "rediss": _REDIS,
    "unix": _REDIS,
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
}


def backend_at(url: str, *, prefix: str | None = None) -> Backend:
    """Return the engine at a URL, for programs that are told one by people.

    Args:
        url: ``redis://``, ``rediss://``, ``unix://`` (a Redis, too) or ``postgresql://``.
        prefix: Which cluster, of several that share the engine: the prefix of a Redis,
            the schema of a PostgreSQL. Without one it is the engine's own default.

    Raises:
        ValueError: no engine is at such a URL, or no cluster has such a prefix.
        ModuleNotFoundError: it needs an extra that is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in _KINDS:
        accepted = ", ".join(f"{kind}://" for kind in _KINDS)
        shown = without_secrets(url)
        raise ValueError(f"an engine is at one of {accepted}; not {shown!r}")
    module, name, which = _KINDS[scheme]
    make: Callable[..., Any] = getattr(import_module(module), name)
    backend: Backend = make(url, **({} if prefix is None else {which: prefix}))
    return backend
