"""The engine of a cluster at a URL that a command is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.command import EXIT_USAGE, CommandError
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    from trio_sup.cluster import Backend

_EXTRAS: Final = {"hiredis": "redis", "psycopg": "postgres"}


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
