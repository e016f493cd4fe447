"""Requests to a registry, answered in the words of the scenario format."""

from collections.abc import Sequence

import trio_sup
from tests.proof.servers.trio_actors import Stage
from tests.proof.trace import Value, freeze


class _Dispatched(Exception):
    pass


def request(
    stage: Stage, what: str, registry: trio_sup.Registry, args: Sequence[Value]
) -> Value:
    """What a registry answers; "invalid" where it does not do that for its keys."""
    try:
        return _ask(stage, what, registry, args)
    except ValueError:
        return "invalid"
    except trio_sup.AlreadyRegistered as error:
        return ("already_registered", str(error.handle.id))
    except _Dispatched as error:
        return ("raised", str(error))


def _ask(
    stage: Stage, what: str, registry: trio_sup.Registry, args: Sequence[Value]
) -> Value:
    match what, args:
        case "register", [str(key), value]:
            registry.register(key, value)
            return "ok"
        case "unregister", [str(key)]:
            registry.unregister(key)
            return "ok"
        case "unregister_match", [str(key), value]:
            registry.unregister_match(key, lambda own: own == value)
            return "ok"
        case "update_value", [str(key), value]:
            try:
                new, old = registry.update_value(key, lambda _: value)
            except trio_sup.NoSuchChild:
                return "error"
            return ("ok", freeze(new), freeze(old))
        case "put_meta", [str(key), value]:
            registry.meta[key] = value
            return "ok"
        case "meta", [str(key)]:
            if key not in registry.meta:
                return "error"
            return ("ok", freeze(registry.meta[key]))
        case "dispatch", [str(key), *word]:
            return _dispatch(registry, key, word)
        case _:
            return _look_up(stage, what, registry, args)


def _look_up(
    stage: Stage, what: str, registry: trio_sup.Registry, args: Sequence[Value]
) -> Value:
    match what, args:
        case "lookup", [str(key)]:
            return _entries(registry.entries(key))
        case "whereis", [str(key)]:
            handle = registry.get(key)
            return None if handle is None else str(handle.id)
        case "keys", [str(actor)]:
            return _sorted(registry.keys(stage.handles[actor]))
        case "values", [str(key), str(actor)]:
            return _sorted(registry.values(key, stage.handles[actor]))
        case "count", []:
            return registry.count()
        case "count_match", [str(key), value]:
            return registry.count(lambda r: (r.key, r.value) == (key, value))
        case "select", []:
            found = registry.select()
            return _sorted([(r.key, str(r.handle.id), r.value) for r in found])
        case _:
            raise TypeError(f"no request {what}{args}")


def _dispatch(registry: trio_sup.Registry, key: str, word: Sequence[Value]) -> Value:
    calls: list[Value] = []

    def take(found: list[trio_sup.Registration]) -> None:
        if word:
            raise _Dispatched(word[0])
        calls.append(_entries(found))

    registry.dispatch(key, take)
    match calls:
        case []:
            return "ok" if word else "not called"
        case [only]:
            return only
        case _:
            return ("called", len(calls))


def _entries(found: Sequence[trio_sup.Registration]) -> Value:
    return tuple((str(r.handle.id), freeze(r.value)) for r in found)


def _sorted(values: Sequence[object]) -> Value:
    return tuple(sorted((freeze(value) for value in values), key=str))
