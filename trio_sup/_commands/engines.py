"""The engine of a cluster at a URL that a command is given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from trio_sup._commands.command import EXIT_USAGE, CommandError
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    from trio_sup.cluster import Backend

_EXTRAS: Final = {"hiredis": "redis", "psycopg": "postgres"}
LONGEST: Final = 4_000
"""Letters of a URL."""


def url_of(said: str) -> str:
    """Return a URL as it was given, or as it stands on stdin where that is ``-``.

    Arguments are seen by everybody on a machine, and a URL may have a password: what is
    typed at a terminal is not shown either.

    Raises:
        CommandError: there is none.
    """
    if said != "-":
        return said
    if sys.stdin.isatty():
        from getpass import getpass

        try:
            url = getpass("URL of the engine (it is not shown): ").strip()
        except EOFError:
            url = ""
    else:
        url = sys.stdin.readline(LONGEST).strip()
    if not url:
        message = (
            "--cluster - reads the URL from the first line of stdin, which is empty"
        )
        raise CommandError(message, EXIT_USAGE)
    return url


def engine_at(url: str, prefix: str | None = None) -> Backend:
    """Return it, or say in a line what is wrong with the URL, or missing.

    Raises:
        CommandError: it cannot be used.
    """
    from trio_sup.cluster import backend_at

    try:
        return backend_at(url, prefix=prefix)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        needed = str(error).partition(":")[0]
        said = f"{needed}\n{how_to_install(_EXTRAS[error.name])}"
        raise CommandError(said, EXIT_USAGE) from None
    except ValueError as error:
        raise CommandError(str(error), EXIT_USAGE) from None
