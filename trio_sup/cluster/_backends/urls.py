"""Which engine is at a URL."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from trio_sup.cluster._backends.link import Backend

_KINDS: Final = {
    "redis": ("trio_sup.cluster._backends.redis", "RedisBackend"),
    "rediss": ("trio_sup.cluster._backends.redis", "RedisBackend"),
    "unix": ("trio_sup.cluster._backends.redis", "RedisBackend"),
}


def backend_at(url: str, *, prefix: str = "trio-sup") -> Backend:
    """Return the engine at a URL, for programs that are told one by people.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        prefix: Which cluster, of several that share the engine.

    Raises:
        ValueError: no engine is at such a URL.
        ModuleNotFoundError: it needs an extra that is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in _KINDS:
        accepted = ", ".join(f"{kind}://" for kind in _KINDS)
        raise ValueError(f"an engine is at one of {accepted}; not {url!r}")
    module, name = _KINDS[scheme]
    make: Callable[..., Any] = getattr(import_module(module), name)
    backend: Backend = make(url, prefix=prefix)
    return backend
