"""What a terminal can show, by what its environment says. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASCII: Final = frozenset({"C", "POSIX"})
_COERCED: Final = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python makes of such a locale in the environment, whoever asked for it."""


def shows_unicode(encoding: str | None, environ: Mapping[str, str]) -> bool:
    """Whether more than ASCII can be shown.

    Python speaks UTF-8 also where the locale is ``C``, which promises ASCII alone:
    who says ``LANG=C`` gets that, unless the encoding was asked for by name.

    Args:
        encoding: What text would be written with.
        environ: The environment.
    """
    if not (encoding or "").lower().replace("-", "").startswith("utf"):
        return False
    asked = environ.get("PYTHONIOENCODING") or environ.get("PYTHONUTF8") == "1"
    return bool(asked) or not _ascii_locale(environ)


def _ascii_locale(environ: Mapping[str, str]) -> bool:
    if whole := environ.get("LC_ALL"):
        return whole in _ASCII
    kind, language = environ.get("LC_CTYPE"), environ.get("LANG")
    if kind and kind not in _COERCED:
        return kind in _ASCII
    return language in _ASCII


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal can only print lines: nothing may be painted on it."""
    return environ.get("TERM", "") in ("dumb", "unknown")
