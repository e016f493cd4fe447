"""Whether psycopg can be imported: pip installs it without the libpq that it needs."""

from importlib import import_module


def libpq_is_here() -> bool:
    """Tell whether psycopg finds the system's libpq, or one that came with it."""
    try:
        import_module("psycopg.pq")
    except ImportError:
        return False
    return True
