"""What servers do in their callbacks, and clients all the time, on trio-sup."""

import trio_sup
from tests.proof.servers.scenario import Steps
from tests.proof.servers.trio_actors import Actor, InHand, ScriptedServer
from tests.proof.servers.trio_reasons import (
    Scripted,
    failure_of,
    reason_of,
    stop_reason,
)
from tests.proof.servers.trio_registry import request
from tests.proof.trace import Value


async def perform(actor: Actor, message: InHand, steps: Steps) -> None:
    """Performs the steps of one callback, or of a client."""
    for step in steps:
        match step:
            case ("gate", str(gate)):
                await actor.stage.wait_at(gate)
            case ("call", to, str(label), tuple(inner), *timeout):
                await _call(actor, to, label, inner, timeout)
            case ("sys", str(what), str(to), *args):
                await _sys(actor, what, to, args)
            case ("receive",):
                await _receive(actor)
            case tuple():
                _at_once(actor, message, step)
            case _:
                raise ValueError(step)


async def _call(
    actor: Actor, to: Value, label: str, steps: Steps, timeout: list[Value]
) -> None:
    actor.note("asks", label)
    ref = actor.stage.server(to)
    match timeout:
        case [int(ms)]:
            ref = ref.with_timeout(ms / 1000)
        case _:
            pass  # OTP's default of five seconds has no counterpart
    later = any(isinstance(s, tuple) and s[0] in ("defer", "early") for s in steps)
    op = ScriptedServer.ask_later if later else ScriptedServer.ask
    answer: Value
    try:
        answer = ("ok", await ref.call(op, label, steps))
    except Exception as error:  # noqa: BLE001 - sorted out there
        answer = ("exit", failure_of(error))
    actor.note("answer", label, answer)


async def _sys(actor: Actor, what: str, to: str, args: list[Value]) -> None:
    actor.note("wants", what, to, *args)
    answer: Value
    try:
        answer = await _ask_system(actor.stage.server(to), what, args)
    except Exception as error:  # noqa: BLE001 - sorted out there
        answer = ("exit", failure_of(error))
    actor.note(what, to, answer)


class _Refused(Exception):
    pass


async def _ask_system(
    ref: trio_sup.ServerRef[ScriptedServer], what: str, args: list[Value]
) -> Value:
    match what, args:
        case "get_state", []:
            return ("ok", (await ref.get_state())["n"])  # type: ignore[return-value]
        case "replace_state", [wanted]:

            def change(state: dict[str, object]) -> dict[str, object]:
                if wanted == "crash":
                    raise _Refused
                return {**state, "n": wanted}

            try:
                new = await ref.replace_state(change)
            except _Refused:
                return ("ok", "refused")
            return ("ok", new["n"])  # type: ignore[return-value]
        case "suspend", []:
            await ref.suspend()
        case "resume", []:
            await ref.resume()
        case "stop", [reason]:
            exit = await ref.stop(stop_reason(reason))
            return ("ended", reason_of(exit))
        case _:
            raise ValueError(what, args)
    return ("ok", "ok")


async def _receive(actor: Actor) -> None:
    assert actor.receive is not None
    message = await actor.receive()
    if isinstance(message, trio_sup.Down):
        actor.down(message)
    else:
        actor.note("got", message[0])


def _at_once(actor: Actor, message: InHand, step: Steps) -> None:
    stage, server = actor.stage, actor.server
    match step:
        case ("cast", to, str(label), tuple(steps)):
            ref = stage.server(to)
            arrives = ref.try_cast(ScriptedServer.tell, label, steps)
            actor.note("casts", label, "ok" if arrives else "noproc")
        case ("send", to, str(label), tuple(steps)):
            try:
                stage.send(to, (label, steps))
            except trio_sup.NoProcess:
                actor.note("sends", label, "noproc")
            else:
                actor.note("sends", label, "ok")
        case ("answer", str(label), value):
            if label in stage.callers:
                stage.callers[label].reply(value)
        case ("monitor", str(target)):
            actor.monitor(target)
        case ("demonitor", str(target)):
            actor.demonitor(target)
        case ("registry", str(what), name, *args):
            answer = request(stage, what, stage.registry(name), args)
            actor.note(what, name, tuple(args), answer)
        case ("crash", str(word)):
            raise Scripted(word)
        case _:
            assert server is not None, step
            _of_the_handler(server, message, step)


def _of_the_handler(server: ScriptedServer, message: InHand, step: Steps) -> None:
    match step:
        case ("add", int(number)):
            server.n += number
        case ("reply", value):
            message.reply = value
        case ("defer",):
            assert message.caller is not None
            server.stage.callers[message.label] = message.caller
        case ("early", value):
            assert message.caller is not None
            message.caller.reply(value)
        case ("stop" | "exit", reason):
            raise trio_sup.Stop(stop_reason(reason))
        case ("stop", reason, reply):
            raise trio_sup.Stop(stop_reason(reason), reply=reply)
        case ("ignore",):
            raise trio_sup.Ignore
        case ("continue", str(label), tuple(steps)):
            server.continue_with(label, steps)
        case ("idle", int(ms), str(label), tuple(steps)):
            server.idle_after(ms / 1000, ScriptedServer.idle, label, steps)
        case _:
            raise ValueError(step)
