"""Messages, state and time here and in OTP: rules for the expected trace."""

from tests.proof.servers.scenario import all_steps
from tests.proof.servers.story import HANDLERS, Event, Story
from tests.proof.trace import Value


def state_stays(story: Story) -> None:
    """What a failing handler did to the state stays."""
    handling: dict[Value, tuple[str, int]] = {}
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (id, kind, str(label), int(n)) if kind in HANDLERS:
                    handling[id] = (label, n)
                case (id, "terminate", life, reason, int(n)) if id in handling:
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


def senders_told(story: Story) -> None:
    """A cast or send to nobody says so."""
    for at, event, _ in list(story.sent()):
        match event:
            case (_, "casts" | "sends", _, "ok", "lost"):
                story.replace(at, event, (*event[:3], "noproc"))
            case _:
                pass


def no_default_timeout(story: Story) -> None:
    """A call waits as long as it takes."""
    for step in all_steps(story.scenario):
        match step:
            case ("call", to, label, _, "default"):
                pass
            case _:
                continue
        for at, (_, events) in enumerate(story.steps):
            for event in list(events):
                match event:
                    case (_, "answer", answered, ("exit", "timeout")) if (
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


def idle_goes_on(story: Story) -> None:
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
                began, ms = armed[event[2]]
                due = _after(story, began, ms)
                looked = any(
                    to == event[0] and look[1] == "wants" and began < place < at
                    for place, look, to in story.sent()
                )
                if looked and due is not None and due < at:
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


def system_lane(story: Story) -> None:
    """`get_state` sees the state between two handlers."""
    for at, event, to in list(story.sent()):
        match event:
            case (who, "wants", "get_state", _):
                found = story.answer_to(event, at)
            case _:
                continue
        if found is None or found[0] == at:
            continue
        answer = found[1][3]
        if not isinstance(answer, tuple) or answer[0] != "ok":
            continue
        handled = [e for e in story.handled(found[0]) if e[0] == to]
        if handled and handled[0][1] != "continue":
            now = (who, "get_state", to, ("ok", handled[0][3]))
            story.replace(*found, now)


def cancelled(story: Story) -> None:
    """A client that is cancelled was shut down."""
    servers = story.scenario.servers
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (who, "down", str(client), "killed") if client not in servers:
                    story.replace(at, event, (who, "down", client, "shutdown"))
                case _:
                    pass
