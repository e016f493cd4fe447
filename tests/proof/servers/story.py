"""What happened in a trace of OTP: lives of servers, and who sent what when."""

from collections.abc import Iterator
from functools import cached_property

from attrs import define, field

from tests.proof.servers.scenario import Scenario, Steps, all_steps, steps_of
from tests.proof.trace import Trace, Value

Event = tuple[Value, ...]
Step = tuple[Value, list[Event]]

HANDLERS = ("call", "cast", "info", "idle", "continue")
"""The events that tell of a handler, with the label and the state at its beginning."""


@define
class Life:
    """One life of a server: the steps (places in the trace) of its turning points."""

    server: str
    began: int
    ready: int | None = None
    asked: int | None = None
    """Where the supervisor asked it to end."""
    terminate: int | None = None
    reason: Value = None
    """What `terminate` was told."""
    over: int | None = None
    exit: Value = None

    @property
    def closed(self) -> int | None:
        """Where its end began: nothing that is sent later is served."""
        ends = [at for at in (self.asked, self.terminate) if at is not None]
        return min(ends, default=None)


@define(slots=False)
class Story:
    """A scenario, and what OTP made of it; rules rewrite `steps`."""

    scenario: Scenario
    trace: Trace
    steps: list[Step] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.steps = steps_of(self.trace)

    @cached_property
    def lives(self) -> list[Life]:
        """All lives of all servers, in the order of their beginnings."""
        lives: list[Life] = []
        present: dict[str, Life] = {}
        for at, (mark, events) in enumerate(self.steps):
            self._note_asked(at, mark, present)
            for event in events:
                self._note(at, event, lives, present)
        self._note_ready(lives)
        return lives

    def _note_ready(self, lives: list[Life]) -> None:
        """The n-th outcome that a parent hears is that of the n-th life."""
        waiting: dict[str, list[Life]] = {}
        for life in lives:
            waiting.setdefault(life.server, []).append(life)
        for at, (_, events) in enumerate(self.steps):
            for event in events:
                match event:
                    case (_, "start", "running" | ("already_registered", _)):
                        pass
                    case (str(parent), "start", _):
                        waiting[parent.removeprefix("parent of ")].pop(0).ready = at
                    case _:
                        pass

    def _note_asked(self, at: int, mark: Value, present: dict[str, Life]) -> None:
        match mark:
            case ("ended", str(id)):
                life = present.get(id)
            case ("step", int(index)):
                match self.scenario.script[index]:
                    case ("shutdown", str(id)):
                        life = present.get(id)
                    case _:
                        return
            case _:
                return
        if life is not None and life.over is None and life.asked is None:
            life.asked = at

    @staticmethod
    def _note(
        at: int, event: Event, lives: list[Life], present: dict[str, Life]
    ) -> None:
        match event:
            case (str(id), "init", int()):
                present[id] = Life(id, at)
                lives.append(present[id])
            case (str(id), "terminate", int(), reason, _):
                present[id].terminate = at
                present[id].reason = reason
            case (str(id), "exit", reason):
                present[id].over = at
                present[id].exit = reason
            case _:
                pass

    @cached_property
    def messages(self) -> dict[str, tuple[str | None, Steps]]:
        """For each label, the server that is meant and the steps of its handler."""
        found: dict[str, tuple[str | None, Steps]] = {}
        for step in all_steps(self.scenario):
            match step:
                case ("call" | "cast" | "send", to, str(label), tuple(steps), *_):
                    found[label] = (self.holder(to), steps)
                case ("idle", _, str(label), tuple(steps)):
                    found[label] = (None, steps)
                case ("continue", str(label), tuple(steps)):
                    found[label] = (None, steps)
                case _:
                    pass
        return found

    def holder(self, to: Value) -> str | None:
        """The server that an address means."""
        match to:
            case str():
                return to
            case ("via", name, key):
                for id, server in self.scenario.servers.items():
                    if server.name is not None and server.name[:2] == (name, key):
                        return id
            case _:
                pass
        return None

    def sent(self) -> Iterator[tuple[int, Event, str | None]]:
        """Every event of sending or asking: where, which, and to whom."""
        for at, (_, events) in enumerate(self.steps):
            for event in events:
                match event:
                    case (_, "asks" | "casts" | "sends", str(label), *_):
                        yield at, event, self.messages[label][0]
                    case (_, "wants", _, to, *_):
                        yield at, event, self.holder(to)
                    case _:
                        pass

    def answer_to(self, asked: Event, at: int) -> tuple[int, Event] | None:
        """Where the answer to an event of asking is, from there on."""
        for place in range(at, len(self.steps)):
            for event in self.steps[place][1]:
                if _answers(event, asked):
                    return place, event
        return None

    def handled(self, at: int) -> list[Event]:
        """The handlers that began in one step."""
        return [e for e in self.steps[at][1] if e[1] in HANDLERS]

    def watched(self, who: Value, life: Life) -> bool:
        """Whether somebody began to watch a server during that life."""
        over = len(self.steps) - 1 if life.over is None else life.over
        watches = (who, "watches", life.server)
        return any(watches in self.steps[at][1] for at in range(life.began, over + 1))

    def replace(self, at: int, old: Event, *new: Event) -> None:
        """Puts other events in the place of one."""
        events = self.steps[at][1]
        index = events.index(old)
        events[index : index + 1] = new


def _answers(event: Event, asked: Event) -> bool:
    match event, asked:
        case (actor, "answer", label, _), (who, "asks", wanted):
            return (actor, label) == (who, wanted)
        case (actor, what, to, _), (who, "wants", wanted, whom, *_):
            return (actor, what, to) == (who, wanted, whom)
        case _:
            return False
