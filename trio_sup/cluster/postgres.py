"""PostgreSQL as the engine of a cluster: ``pip install trio-sup[postgres]``."""

try:
    from trio_sup.cluster._backends.postgres import PostgresBackend as PostgresBackend
except ImportError as _missing:
    if "psycopg" not in str(_missing) and "libpq" not in str(_missing):
        raise
    raise ModuleNotFoundError(
        "trio_sup.cluster.postgres needs psycopg, and libpq: "
        "pip install 'trio-sup[postgres]'",
        name="psycopg",
    ) from None
