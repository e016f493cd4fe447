"""What trio-sup does otherwise than OTP on purpose: named, with reason and row.

A rule turns OTP's trace into the one expected of trio-sup, as narrowly as it can.
"""

from collections.abc import Callable, Iterator

from attrs import frozen

from tests.proof.servers.names_hidden import hide_names
from tests.proof.servers.rules import (
    cancelled,
    idle_goes_on,
    no_default_timeout,
    senders_told,
    state_stays,
    system_lane,
)
from tests.proof.servers.rules_ends import (
    always_terminate,
    by_intent,
    closed,
    crash_tells_at_once,
    stop_returns,
    terminate_has_the_grace,
)
from tests.proof.servers.scenario import Scenario, all_steps, trace_of
from tests.proof.servers.story import Story
from tests.proof.trace import Trace, Value


@frozen
class Deviation:
    """A difference from OTP that is meant.

    Attributes:
        name: What it is called in reports and in the documentation.
        row: The row of the OTP checklist that it deviates from.
        reason: Why it is better.
        rewrite: Makes what is expected of trio-sup out of what OTP did.
    """

    name: str
    row: str
    reason: str
    rewrite: Callable[[Story], None]


def expected(
    scenario: Scenario, trace: Trace, deviations: "tuple[Deviation, ...] | None" = None
) -> Trace:
    """What trio-sup should do where OTP did this."""
    for deviation in DEVIATIONS if deviations is None else deviations:
        story = Story(scenario, trace)
        deviation.rewrite(story)
        trace = trace_of(story.steps, trace.final)
    return trace


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "senders are told",
        "GS-029",
        "a cast or send to a server that does not run raises NoProcess",
        senders_told,
    ),
    Deviation(
        "no default timeout",
        "GS-022",
        "a call waits until it is answered; deadlines are Trio's",
        no_default_timeout,
    ),
    Deviation(
        "looking does not postpone",
        "GS-052",
        "the inspector's polling must not keep a server from being idle",
        idle_goes_on,
    ),
    Deviation(
        "terminate always",
        "GS-061",
        "on a shutdown terminate runs by default, and still when the grace is over",
        always_terminate,
    ),
    Deviation(
        "state is an object",
        "GS-062",
        "what a handler did to the server's attributes stays when it then fails",
        state_stays,
    ),
    Deviation(
        "stop returns the exit",
        "GS-068",
        "however the life ended, that is an answer and not an error",
        stop_returns,
    ),
    Deviation(
        "a crash tells at once",
        "GS-026",
        "callers hear of a crash before terminate runs, not after it",
        crash_tells_at_once,
    ),
    Deviation(
        "an end by intent",
        "GS-064",
        "an end that the supervisor asked for is a shutdown, whatever a handler or "
        "terminate raises; terminate and callers are told the same",
        by_intent,
    ),
    Deviation(
        "terminate has the grace",
        "GS-060",
        "a server that ends by itself has its shutdown time to clean up, no longer",
        terminate_has_the_grace,
    ),
    Deviation(
        "closed while ending",
        "GS-072",
        "what would never be served is refused at once: nobody waits for nothing",
        closed,
    ),
    Deviation(
        "names hidden while starting",
        "GS-008",
        "look-ups find only who is ready; the name is reserved meanwhile",
        hide_names,
    ),
    Deviation(
        "the system lane",
        "GS-080",
        "get_state is answered between two handlers, before what is queued",
        system_lane,
    ),
    Deviation(
        "a cancelled task was shut down",
        "MON-012",
        "cancellation from outside is no crash; Trio has no kill",
        cancelled,
    ),
)


def is_comparable(scenario: Scenario, otp: Trace) -> bool:
    """Whether a scenario has a counterpart in trio-sup."""
    story = Story(scenario, otp)
    return not (
        _addresses_nobody(story)
        or _restart_fails(story)
        or _server_waits_for_the_ending(story)
    )


def _restart_fails(story: Story) -> bool:
    """The parent here gives a server up whose name was taken; a supervisor tries on."""
    return any(
        e[1:] == ("restart", "failed") for _, events in story.steps for e in events
    )


def _addresses_nobody(story: Story) -> bool:
    """A server that never began to start has no handle."""
    begun = {life.server: life.began for life in reversed(story.lives)}
    never = len(story.steps)
    return any(
        at < begun.get(str(to), never)
        for at, to in _addressed(story)
        if to in story.scenario.servers
    )


def _addressed(story: Story) -> Iterator[tuple[int, Value]]:
    """Where in the trace an id is used, and which; names go by the registry."""
    direct: dict[Value, Value] = {}
    for step in all_steps(story.scenario):
        match step:
            case ("call" | "cast" | "send", str(id), label, *_):
                direct[label] = id
            case _:
                pass
    for at, (_, events) in enumerate(story.steps):
        for event in events:
            match event:
                case (_, "asks" | "casts" | "sends", label, *_):
                    yield at, direct.get(label)
                case (_, "wants", _, to, *_) | (_, "watches", to):
                    yield at, to
                case (_, "keys", _, (to,), _) | (_, "values", _, (_, to), _):
                    yield at, to
                case _:
                    pass


def _server_waits_for_the_ending(story: Story) -> bool:
    """Refused or told at once, a handler goes on at once, too."""
    for life in story.lives:
        if life.closed is None or life.over is None:
            continue
        for at, event, to in story.sent():
            asks = event[1] in ("asks", "wants")
            if asks and to == life.server and event[0] in story.scenario.servers:
                answered = story.answer_to(event, at)
                if answered is None or (
                    at <= life.over and answered[0] > at and answered[0] == life.over
                ):
                    return True
    return False
