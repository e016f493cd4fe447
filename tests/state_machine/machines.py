"""State machines that write down what they are told."""

from enum import Enum, auto

from trio_sup import (
    Caller,
    ServerRef,
    StateMachine,
    Stop,
    Timeout,
    call,
    cast,
)


class Phase(Enum):
    A = auto()
    B = auto()
    C = auto()


class Recorder(StateMachine[Phase]):
    """Notes what it is told, and in which state."""

    state = Phase.A

    def __init__(self) -> None:
        self.record: list[str] = []

    def note(self, what: object) -> None:
        self.record.append(f"{self.state.name}:{what}")

    @cast
    async def say(self, what: object) -> None:
        self.note(what)

    @cast
    async def go(self, to: Phase) -> None:
        self.note(f"go {to.name}")
        self.state = to

    @cast
    async def only_in(self, phase: Phase, what: object) -> None:
        if self.state is not phase:
            self.note(f"not yet {what}")
            self.postpone()
        self.note(what)

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")

    @call
    async def told(self) -> list[str]:
        return list(self.record)

    async def handle_event(self, message: object) -> None:
        self.note(f"info {message}")


async def told(ref: ServerRef[Recorder]) -> list[str]:
    return await ref.call(Recorder.told)


class Gate(StateMachine[str]):
    """Answers in order, but only when open."""

    state = "shut"

    @call(raises=(KeyError,))
    async def enter_through(self, who: str) -> str:
        if self.state == "shut":
            self.postpone()
        if who == "nobody":
            raise KeyError(who)
        if who == "last":
            raise Stop("full", reply="the last one")
        return f"{who} is in"

    @call.deferred
    async def wait_for_word(self, caller: Caller[str], who: str) -> None:
        if self.state == "shut":
            self.postpone()
        caller.reply(f"{who}: come")

    @cast
    async def set(self, state: str) -> None:
        self.state = state

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")


class Timed(Recorder):
    @cast
    async def in_state(self, seconds: float, what: object = "late") -> None:
        self.timer = self.state_timeout(seconds, Recorder.say, f"state {what}")

    @cast
    async def unless(self, seconds: float, what: object = "idle") -> None:
        self.timer = self.event_timeout(seconds, Recorder.say, f"event {what}")

    @cast
    async def at(self, name: str, seconds: float) -> None:
        self.timer = self.named_timeout(name, seconds, Recorder.say, f"named {name}")

    @cast
    async def cancel(self) -> None:
        self.timer.cancel()

    @cast
    async def update(self, what: str) -> None:
        self.timer.update(Recorder.say, what)

    @call
    async def get_timer(self) -> Timeout:
        return self.timer
