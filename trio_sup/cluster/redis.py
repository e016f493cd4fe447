"""Redis as the engine of a cluster; needs the extra: ``pip install trio-sup[redis]``."""

try:
    from trio_sup.cluster._backends.redis import RedisBackend as RedisBackend
except ModuleNotFoundError as _missing:
    if _missing.name != "hiredis":
        raise
    raise ModuleNotFoundError(
        "trio_sup.cluster.redis needs hiredis: pip install 'trio-sup[redis]'",
        name="hiredis",
    ) from None
