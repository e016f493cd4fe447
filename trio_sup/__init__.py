"""OTP-style supervision trees, servers and a registry for Trio.

The public names stand in `__init__.pyi`, which is read, and what it names imported,
when a name is first asked for: the command looks at running nodes without paying for
Trio.
"""

_homes: dict[str, str] = {}


def _read_homes() -> dict[str, str]:
    """Return for each public name the module it is from.

    Raises:
        ImportError: the stub was not shipped with the package.
    """
    import ast  # noqa: PLC0415 - a light start
    import pkgutil  # noqa: PLC0415 - a light start

    try:
        stub = pkgutil.get_data(__name__, "__init__.pyi")  # from a zip file as well
    except OSError:
        stub = None
    if stub is None:
        raise ImportError(
            "trio_sup/__init__.pyi is missing: it says where the names of trio_sup "
            "are. Tools that pack programs have to be told to take it along, and the "
            "modules that it names; PyInstaller by `--collect-all trio_sup`.",
            name=__name__,
        )
    return {
        alias.name: node.module
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }


def _public() -> dict[str, str]:
    if not _homes:
        _homes.update(_read_homes())
    return _homes


def __getattr__(name: str) -> object:
    if name == "__all__":
        return sorted(_public())
    if name.startswith("_") or name not in _public():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - a light start

    found: object = getattr(import_module(_homes[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), "__all__", *_public()})
