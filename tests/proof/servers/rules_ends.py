"""How lives end here and in OTP: rules that make the expected trace."""

from tests.proof.servers.story import Event, Life, Story


def by_intent(story: Story) -> None:
    """An end that the supervisor asked for is a shutdown."""
    for life in story.lives:
        if life.asked is None or life.over is None:
            continue
        if life.terminate is not None and life.asked <= life.terminate:
            _told_before_the_end(story, life, life.terminate, life.over)
        if life.exit not in ("shutdown", "killed"):
            for at in range(life.over, len(story.steps)):
                for event in list(story.steps[at][1]):
                    story.replace(at, event, _meant(story, life, at, event))


def _told_before_the_end(story: Story, life: Life, begin: int, over: int) -> None:
    """What is told while it ends, to `terminate` and to callers, is the same story."""
    if life.reason in ("shutdown", "killed"):
        return
    for at in range(begin, over + 1):
        for event in list(story.steps[at][1]):
            match event:
                case (id, "terminate", number, _, state) if (
                    at == begin and id == life.server
                ):
                    ended = (id, "terminate", number, "shutdown", state)
                    story.replace(at, event, ended)
                case (who, "answer", str(label), ("exit", reason)) if (
                    reason == life.reason and story.messages[label][0] == life.server
                ):
                    told = (who, "answer", label, ("exit", "shutdown"))
                    story.replace(at, event, told)
                case _:
                    pass


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


def crash_tells_at_once(story: Story) -> None:
    """Callers hear of a crash before `terminate`."""
    for life in story.lives:
        if not _crashed(life) or life.terminate is None or life.over is None:
            continue
        for at, event, to in list(story.sent()):
            if to != life.server or event[1] != "asks" or at > life.terminate:
                continue
            answered = story.answer_to(event, at)
            if answered is None:
                continue
            place, answer = answered
            now = (*answer[:3], ("exit", life.reason))
            if life.terminate < place <= life.over:
                # Also in the place of what somebody else answered meanwhile.
                story.replace(place, answer)
                story.steps[life.terminate][1].append(now)
            elif place == life.terminate and answer[3] == ("exit", life.exit):
                story.replace(place, answer, now)


def _crashed(life: Life) -> bool:
    return isinstance(life.reason, tuple) and life.reason[0] == "error"


def closed(story: Story) -> None:
    """What comes once an end has begun is refused."""
    for life in story.lives:
        if life.closed is None or life.over is None:
            continue
        for at, event, to in list(story.sent()):
            if to == life.server and life.closed < at < life.over:
                _refuse(story, at, event, life.server)


def _refuse(story: Story, at: int, event: Event, server: str) -> None:
    match event:
        case (id, "asks" | "wants", *_) if id == server:
            pass  # calling_self comes first
        case (_, "casts" | "sends", _, "ok"):
            story.replace(at, event, (*event[:3], "noproc"))
        case (who, "asks", label):
            refusal = (who, "answer", label, ("exit", "noproc"))
            _answer_at_once(story, at, event, refusal)
        case (who, "wants", what, to, *_):
            refused = (who, what, to, ("exit", "noproc"))
            _answer_at_once(story, at, event, refused)
        case _:
            pass


def _answer_at_once(story: Story, at: int, asked: Event, answer: Event) -> None:
    found = story.answer_to(asked, at)
    if found is not None:
        story.replace(*found)
    story.replace(at, asked, asked, answer)


def stop_returns(story: Story) -> None:
    """`stop` answers with the exit."""
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


def terminate_has_the_grace(story: Story) -> None:
    """`terminate` is cancelled when the grace is over."""
    for life in story.lives:
        cut = _end_of_grace(story, life)
        if cut is None or life.over is None or cut >= life.over:
            continue
        for at, event, to in list(story.sent()):
            if to == life.server and cut < at < life.over:
                _refuse(story, at, event, life.server)
        moved: list[Event] = []
        for at in range(cut + 1, life.over + 1):
            events = story.steps[at][1]
            told = [event for event in events if _tells_of(story, life, event)]
            events[:] = [
                event
                for event in events
                if event not in told and event[0] != life.server
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


def always_terminate(story: Story) -> None:
    """`terminate` runs on every shutdown but a brutal kill."""
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
