"""What trio-sup does otherwise than OTP on purpose: named, with reason and row.

A rule turns OTP's trace into the one expected of trio-sup, as narrowly as it can.
"""

from collections.abc import Callable

from attrs import frozen

from trio_sup.testing.scenario import Trace, Value

from .names_hidden import hide_names
from .scenario import Scenario, all_steps, trace_of
from .story import HANDLERS, Event, Life, Story


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


def _state_stays(story: Story) -> None:
    handling: dict[Value, tuple[str, int]] = {}
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (id, kind, str(label), int(n)) if kind in HANDLERS:
                    handling[id] = (label, n)
                case (id, "terminate", life, reason, n) if id in handling:
                    label, before = handling.pop(id)
                    added = _added_in_vain(story.messages[label][1])
                    if added and n == before:
                        now = (id, "terminate", life, reason, n + added)
                        story.replace(at, event, now)
                case _:
                    pass


def _added_in_vain(steps: tuple[Value, ...]) -> int:
    """What a handler added to the state before it failed; 0 if it did not."""
    added = 0
    for step in steps:
        match step:
            case ("add", int(n)):
                added += n
            case ("crash" | "exit", _):
                return added
            case ("stop", *_):
                return 0
            case _:
                pass
    return 0


def _by_intent(story: Story) -> None:
    for life in story.lives:
        if life.asked is None or life.over is None:
            continue
        if life.exit not in ("shutdown", "killed"):
            for at in range(life.over, len(story.steps)):
                for event in list(story.steps[at][1]):
                    story.replace(at, event, _meant(story, life, at, event))


def _meant(story: Story, life: Life, at: int, event: Event) -> Event:
    """What is told of an end that the supervisor asked for."""
    present = at == life.over
    told_of_crash = _crashed(life)
    match event:
        case (id, "exit", reason) if present and id == life.server:
            return (id, "exit", "shutdown")
        case (who, "down", id, reason) if (
            id == life.server and reason == life.exit and story.watched(who, life)
        ):
            return (who, "down", id, "shutdown")
        case (who, "answer", str(label), ("exit", reason)) if (
            present
            and reason == life.exit
            and not told_of_crash
            and story.messages[label][0] == life.server
        ):
            return (who, "answer", label, ("exit", "shutdown"))
        case (who, "stop", id, ("ended", _)) if present and id == life.server:
            return (who, "stop", id, ("ended", "shutdown"))
        case _:
            return event


def _crash_tells_at_once(story: Story) -> None:
    for life in story.lives:
        if not _crashed(life) or life.terminate is None or life.over is None:
            continue
        for at, event, to in list(story.sent()):
            if to != life.server or event[1] != "asks" or at > life.terminate:
                continue
            answered = story.answer_to(event, at)
            if answered is None or answered[0] != life.over:
                continue
            place, answer = answered
            if answer[3] != ("exit", life.exit):
                continue
            now = (*answer[:3], ("exit", life.reason))
            if place == life.terminate:
                story.replace(place, answer, now)
            else:
                story.replace(place, answer)
                story.steps[life.terminate][1].append(now)


def _crashed(life: Life) -> bool:
    return isinstance(life.reason, tuple) and life.reason[0] == "error"


def _closed(story: Story) -> None:
    for life in story.lives:
        if life.closed is None or life.over is None:
            continue
        for at, event, to in list(story.sent()):
            if to == life.server and life.closed < at < life.over:
                _refuse(story, at, event)


def _refuse(story: Story, at: int, event: Event) -> None:
    match event:
        case (_, "casts" | "sends", _, "ok"):
            story.replace(at, event, (*event[:3], "noproc"))
        case (who, "asks", label):
            refusal = (who, "answer", label, ("exit", "noproc"))
            _answer_at_once(story, at, event, refusal)
        case (who, "wants", what, to, *_):
            refusal = (who, what, to, ("exit", "noproc"))
            _answer_at_once(story, at, event, refusal)
        case _:
            pass


def _answer_at_once(story: Story, at: int, asked: Event, answer: Event) -> None:
    found = story.answer_to(asked, at)
    if found is not None:
        story.replace(*found)
    story.replace(at, asked, asked, answer)


def _stop_returns(story: Story) -> None:
    for at, event, _ in list(story.sent()):
        match event:
            case (who, "wants", "stop", to, asked):
                found = story.answer_to(event, at)
            case _:
                continue
        if found is None:
            continue
        match found[1][3]:
            case ("ok", "ok"):
                story.replace(*found, (who, "stop", to, ("ended", asked)))
            case ("exit", reason) if reason not in ("noproc", "calling_self"):
                story.replace(*found, (who, "stop", to, ("ended", reason)))
            case _:
                pass


def _terminate_has_the_grace(story: Story) -> None:
    for life in story.lives:
        cut = _end_of_grace(story, life)
        if cut is None or life.over is None or cut >= life.over:
            continue
        for at, event, to in list(story.sent()):
            if to == life.server and cut < at < life.over:
                _refuse(story, at, event)
        moved: list[Event] = []
        for at in range(cut + 1, life.over + 1):
            events = story.steps[at][1]
            told = [event for event in events if _tells_of(story, life, event)]
            events[:] = [
                event
                for event in events
                if event not in told and not (event[0] == life.server)
            ]
            moved += told
        story.steps[cut][1].extend(moved)


def _end_of_grace(story: Story, life: Life) -> int | None:
    """Where `terminate` is cancelled if it still waits there; it began by itself."""
    shutdown = story.scenario.servers[life.server].shutdown
    if life.terminate is None or life.asked is not None or shutdown == "infinity":
        return None
    if shutdown == "brutal_kill":
        return life.terminate
    for at in range(life.terminate + 1, len(story.steps)):
        match story.steps[at][0]:
            case ("step", int(index)):
                op = story.scenario.script[index]
            case _:
                continue
        match op:
            case ("elapse", int(ms)) if ms >= int(shutdown):
                return at
            case _:
                pass
    return None


def _tells_of(story: Story, life: Life, event: Event) -> bool:
    match event:
        case (id, "exit", reason):
            return id == life.server
        case (_, "down", id, reason):
            return id == life.server and reason == life.exit
        case (_, "stop", id, _):
            return id == life.server
        case (_, "answer", str(label), ("exit", reason)):
            return story.messages[label][0] == life.server and reason == life.exit
        case _:
            return False


def _senders_told(story: Story) -> None:
    for at, event, _ in list(story.sent()):
        match event:
            case (_, "casts" | "sends", _, "ok", "lost"):
                story.replace(at, event, (*event[:3], "noproc"))
            case _:
                pass


def _always_terminate(story: Story) -> None:
    for life in story.lives:
        server = story.scenario.servers[life.server]
        if life.asked is None or life.over is None or life.terminate is not None:
            continue
        if server.shutdown != "brutal_kill":
            last = [e for at in range(life.over + 1) for e in story.handled(at)]
            state = [e[3] for e in last if e[0] == life.server][-1:] or [0]
            number = 1 + sum(
                other.server == life.server and other.began < life.began
                for other in story.lives
            )
            ended = (life.server, "exit", life.exit)
            told = (life.server, "terminate", number, life.exit, *state)
            story.replace(life.over, ended, told, ended)


def _no_default_timeout(story: Story) -> None:
    for step in all_steps(story.scenario):
        match step:
            case ("call", to, label, _, "default"):
                pass
            case _:
                continue
        for at, (_, events) in enumerate(story.steps):
            for event in list(events):
                match event:
                    case (who, "answer", answered, ("exit", "timeout")) if (
                        answered == label
                    ):
                        _answer_at_the_end(story, at, event, story.holder(to))
                    case _:
                        pass


def _answer_at_the_end(story: Story, at: int, event: Event, server: str | None) -> None:
    for life in story.lives:
        if life.server == server and life.over is not None and life.over > at:
            story.replace(at, event)
            answer = (*event[:3], ("exit", life.exit))
            story.steps[life.over][1].append(answer)
            return


def _idle_goes_on(story: Story) -> None:
    """An idle timeout comes as long after it was asked for as it says."""
    armed: dict[Value, tuple[int, int]] = {}
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (_, kind, str(label), int()) if kind in HANDLERS:
                    for step in story.messages[label][1]:
                        match step:
                            case ("idle", int(ms), wanted, _):
                                armed[wanted] = (at, ms)
                            case _:
                                pass
                case _:
                    continue
            if event[1] == "idle" and event[2] in armed:
                due = _after(story, *armed[event[2]])
                if due is not None and due < at:
                    story.replace(at, event)
                    story.steps[due][1].append(event)


def _after(story: Story, began: int, ms: int) -> int | None:
    """The step that brings so much time since another."""
    passed = 0
    for at in range(began + 1, len(story.steps)):
        match story.steps[at][0]:
            case ("step", int(index)):
                op = story.scenario.script[index]
            case _:
                continue
        match op:
            case ("elapse", int(time)):
                passed += time
            case _:
                pass
        if passed >= ms:
            return at
    return None


def _system_lane(story: Story) -> None:
    for at, event, to in list(story.sent()):
        match event:
            case (who, "wants", "get_state", _):
                found = story.answer_to(event, at)
            case _:
                continue
        if found is None or found[0] == at or found[1][3][0] != "ok":
            continue
        handled = [e for e in story.handled(found[0]) if e[0] == to]
        if handled and handled[0][1] != "continue":
            now = (who, "get_state", to, ("ok", handled[0][3]))
            story.replace(*found, now)


def _cancelled(story: Story) -> None:
    servers = story.scenario.servers
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (who, "down", str(client), "killed") if client not in servers:
                    story.replace(at, event, (who, "down", client, "shutdown"))
                case _:
                    pass


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "senders are told",
        "GS-029",
        "a cast or send to a server that does not run raises NoProcess",
        _senders_told,
    ),
    Deviation(
        "no default timeout",
        "GS-022",
        "a call waits until it is answered; deadlines are Trio's",
        _no_default_timeout,
    ),
    Deviation(
        "looking does not postpone",
        "GS-052",
        "the inspector's polling must not keep a server from being idle",
        _idle_goes_on,
    ),
    Deviation(
        "terminate always",
        "GS-061",
        "on a shutdown terminate runs by default, and still when the grace is over",
        _always_terminate,
    ),
    Deviation(
        "state is an object",
        "GS-062",
        "what a handler did to the server's attributes stays when it then fails",
        _state_stays,
    ),
    Deviation(
        "stop returns the exit",
        "GS-068",
        "however the life ended, that is an answer and not an error",
        _stop_returns,
    ),
    Deviation(
        "a crash tells at once",
        "GS-026",
        "callers hear of a crash before terminate runs, not after it",
        _crash_tells_at_once,
    ),
    Deviation(
        "an end by intent",
        "GS-064",
        "an end that the supervisor asked for is a shutdown, even if terminate raises",
        _by_intent,
    ),
    Deviation(
        "terminate has the grace",
        "GS-060",
        "a server that ends by itself has its shutdown time to clean up, no longer",
        _terminate_has_the_grace,
    ),
    Deviation(
        "closed while ending",
        "GS-072",
        "what would never be served is refused at once: nobody waits for nothing",
        _closed,
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
        _system_lane,
    ),
    Deviation(
        "a cancelled task was shut down",
        "MON-012",
        "cancellation from outside is no crash; Trio has no kill",
        _cancelled,
    ),
)


def is_comparable(scenario: Scenario, otp: Trace) -> bool:
    """Whether a scenario has a counterpart in trio-sup."""
    story = Story(scenario, otp)
    return not (_addresses_nobody(story) or _server_waits_for_the_ending(story))


def _addresses_nobody(story: Story) -> bool:
    """A server that never began to start has no handle."""
    begun = {life.server for life in story.lives}
    return any(id not in begun for id in _addressed(story) & set(story.scenario.servers))


def _addressed(story: Story) -> set[Value]:
    found: set[Value] = set()
    for step in all_steps(story.scenario):
        match step:
            case ("call" | "cast" | "send" | "monitor" | "demonitor", str(to), *_):
                found.add(to)
            case ("sys", _, to, *_) | ("registry", "keys", _, to):
                found.add(to)
            case ("registry", "values", _, _, to):
                found.add(to)
            case _:
                pass
    return found


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
