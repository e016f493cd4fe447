"""How lives and calls end, in the words of the scenario format."""

import trio
from attrs import frozen

import trio_sup
from tests.proof.trace import Value


class Scripted(Exception):
    """An error that the scenario asked for."""


@frozen
class Word:
    """The reason of a stop that the scenario asked for."""

    text: str


def stop_reason(reason: Value) -> Word | None:
    """What to stop with; raises `Scripted` where OTP ends with an error."""
    match reason:
        case "normal":
            return None
        case ("shutdown", str(text)):
            return Word(text)
        case ("error", str(text)):
            raise Scripted(text)
        case _:
            raise ValueError(reason)


def reason_of(exit: trio_sup.Exit) -> Value:
    """How a life ended."""
    if isinstance(exit.reason, Word):
        return ("shutdown", exit.reason.text)
    if isinstance(exit.error, Scripted) and exit.kind == "crashed":
        return ("error", str(exit.error))
    if exit.kind == "crashed":
        return ("other", repr(exit.error))
    return exit.kind


def failure_of(error: Exception) -> Value:
    """How a call failed.

    Raises:
        Exception: the error itself, where OTP has nothing like it.
    """
    match error:
        case trio_sup.NoProcess():
            return "noproc"
        case trio_sup.ServerExit():
            return reason_of(error.exit)
        case trio_sup.WouldDeadlock():
            return "calling_self"
        case trio.TooSlowError():
            return "timeout"
        case _:
            raise error
