"""PostgreSQL as the engine of a cluster: ``pip install trio-sup[postgres]``."""

from importlib.util import find_spec as _find_spec

try:
    from trio_sup.cluster._backends.postgres import PostgresBackend as PostgresBackend
except ImportError as _missing:
    if "psycopg" not in str(_missing) and "libpq" not in str(_missing):
        raise
    if _find_spec("psycopg") is None:
        _way = "psycopg: pip install 'trio-sup[postgres]'"
    else:
        _way = (
            "libpq, which psycopg does not find: install the system's (Debian: libpq5), "
            "or pip install 'psycopg[binary]'"
        )
    raise ModuleNotFoundError(
        f"trio_sup.cluster.postgres needs {_way}", name="psycopg"
    ) from None
