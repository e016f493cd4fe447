"""Scenarios about servers, clients and names, as plain JSON.

Every message brings the steps of its handler, so a scenario is all there is:

    {"servers": {"s": SERVER}, "script": [OP, ...]}

    SERVER (all optional)
        {"init": [STEP...], "terminate": [STEP...],   what these callbacks do
         "name": [registry, key, value],              registered by its start
         "restart": "temporary" | "permanent",        permanent: at once, no limit
         "shutdown": milliseconds | "infinity" | "brutal_kill",
         "trap": true}                                false: OTP's default server
    OP
        ["start", server]      its parent starts it, beside what follows
        ["do", [STEP...]]      a new client performs these; operation 3 makes "c3"
        ["open", gate]         those who wait there go on; it stays open
        ["shutdown", server]   its parent asks it to end, as a supervisor does
        ["kill", client]       from outside
        ["elapse", ms]         time passes
    STEP of clients and of handlers
        ["call", to, label, [STEP...], timeout?]   ms or "default"; none: infinity
        ["cast" | "send", to, label, [STEP...]]
        ["answer", label, value]                   to a caller that was deferred
        ["gate", gate]                             waits until it is open
        ["monitor" | "demonitor", target]
        ["sys", "get_state" | "suspend" | "resume", server]
        ["sys", "replace_state", server, number | "crash"]
        ["sys", "stop", server, REASON]
        ["registry", request, registry, argument...]
        ["crash", text]
    of clients only
        ["receive"]                                waits for one message, or a Down
    of handlers only
        ["add", number]                            to the state, which is a number
        ["reply", value]   ["defer"]   ["early", value] (before the handler returns)
        ["stop", REASON, reply?]   ["exit", REASON]   ["ignore"] (of init)
        ["continue", label, [STEP...]]   ["idle", ms, label, [STEP...]]
    REASON  "normal" | ["shutdown", text] | ["error", text]

`to` is a server or client by its id, meaning its latest life, or ``["via", "u",
key]``. There are two registries, "u" with unique and "d" with duplicate keys.
After each operation everybody runs until nobody can go on; so the only order that
counts is the script's. In the end all gates open and all servers are shut down.

A trace tells for each operation what the actors went through, each in its own
order; `final` is who is still there in the end (nobody should be).
"""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from attrs import Factory, frozen

from tests.proof.trace import Trace, Value, freeze

Steps: TypeAlias = tuple[Value, ...]


@frozen
class Server:
    """One server of a scenario."""

    init: Steps = ()
    terminate: Steps = ()
    name: tuple[str, str, Value] | None = None
    restart: str = "temporary"
    shutdown: int | str = "infinity"
    trap: bool = True


@frozen
class Scenario:
    """Servers, and what happens."""

    servers: dict[str, Server] = Factory(dict[str, Server])
    script: Steps = ()


_FIELDS = ("init", "terminate", "name", "restart", "shutdown", "trap")


def read(data: object) -> Scenario:
    """Builds a scenario from its JSON form."""
    match freeze(data):
        case {"servers": dict(servers), "script": tuple(script)}:
            built = {id: _server(fields) for id, fields in servers.items()}
            return Scenario(built, script)
        case _:
            raise ValueError(f"no scenario: {data}")


def write(scenario: Scenario, *, defaults: bool = False) -> dict[str, Value]:
    """The JSON form; without `defaults`, only what is not the default."""
    plain = Server()
    servers: dict[str, Value] = {}
    for id, server in scenario.servers.items():
        values = {name: getattr(server, name) for name in _FIELDS}
        servers[id] = {
            name: value
            for name, value in values.items()
            if defaults or value != getattr(plain, name)
        }
    return {"servers": servers, "script": scenario.script}


def text(scenario: Scenario) -> str:
    """The JSON form as one line."""
    return json.dumps(write(scenario))


def _server(fields: Value) -> Server:
    assert isinstance(fields, dict), fields
    unknown = set(fields) - set(_FIELDS)
    assert not unknown, unknown
    values: dict[str, Any] = {**fields}
    return Server(**values)


def all_steps(scenario: Scenario) -> Iterator[tuple[Value, ...]]:
    """Every step anywhere in a scenario, those in messages included."""
    for server in scenario.servers.values():
        yield from _below(server.init)
        yield from _below(server.terminate)
    for op in scenario.script:
        match op:
            case ("do", tuple(steps)):
                yield from _below(steps)
            case _:
                pass


def _below(steps: Steps) -> Iterator[tuple[Value, ...]]:
    for step in steps:
        assert isinstance(step, tuple)
        yield step
        match step:
            case ("call" | "cast" | "send" | "idle", _, _, tuple(inner), *_):
                yield from _below(inner)
            case ("continue", _, tuple(inner)):
                yield from _below(inner)
            case _:
                pass


def normalise(trace: Trace) -> Trace:
    """The trace with the actors of each step in alphabetical order.

    Each keeps its own order. Between two actors in one step there is none: where
    the order is the subject, a gate makes two steps of it.
    """
    events: list[Value] = []
    step: list[Value] = []
    for event in (*trace.events, ("step",)):
        if _is_mark(event):
            events += sorted(step, key=_actor)
            events.append(event)
            step = []
        else:
            step.append(event)
    return Trace(tuple(events[:-1]), trace.final)


def _is_mark(event: Value) -> bool:
    return isinstance(event, tuple) and event[0] in ("step", "opened", "ended")


def _actor(event: Value) -> str:
    assert isinstance(event, tuple)
    return str(event[0])


def steps_of(trace: Trace) -> list[tuple[Value, list[tuple[Value, ...]]]]:
    """The trace as pairs of a mark and the events that follow it."""
    steps: list[tuple[Value, list[tuple[Value, ...]]]] = []
    for event in trace.events:
        assert isinstance(event, tuple)
        if _is_mark(event):
            steps.append((event, []))
        else:
            steps[-1][1].append(event)
    return steps


def trace_of(steps: list[tuple[Value, list[tuple[Value, ...]]]], final: Value) -> Trace:
    """The reverse of `steps_of`, in normal form."""
    events: list[Value] = []
    for mark, happened in steps:
        events += [mark, *happened]
    return normalise(Trace(tuple(events), final))
