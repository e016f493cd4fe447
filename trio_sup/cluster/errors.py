"""The errors of a cluster: a closed set, and each says whether a request may have run."""

from __future__ import annotations

import trio

from trio_sup._core.errors import NoProcess, ServerExit, SupervisionError
from trio_sup._core.exits import Exit


class ClusterError(SupervisionError):
    """The root of what goes wrong between nodes."""

    may_have_run: bool = False
    """Whether the request may have been executed."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__ == "trio_sup":
            cls.__module__ = "trio_sup.cluster"  # as users import it


class EngineUnavailable(ClusterError):
    """The engine cannot be reached, or the node has no lease at present."""

    may_have_run = True


class NameTaken(ClusterError):
    """A child cannot start under a name of the cluster: another node holds it."""

    def __init__(self, key: object, owner: str) -> None:
        self.key = key
        self.owner = owner
        super().__init__(f"the name {key!r} is held by node {owner!r}")


class AlreadyPlaced(ClusterError):
    """A supervisor of the cluster has a child with that key."""

    def __init__(self, key: object, supervisor: str) -> None:
        self.key = key
        self.supervisor = supervisor
        super().__init__(f"{supervisor!r} has a child {key!r} already")


class PlacementFailed(ClusterError):
    """A child of the cluster did not become ready, or was given up."""

    may_have_run = True

    def __init__(self, key: object, why: str) -> None:
        self.key = key
        self.why = why
        """What happened there, as text."""
        super().__init__(f"the child {key!r} does not run: {why}")


class LeaseLost(ClusterError):
    """The node has lost its lease, or the name: what is done now may be done twice."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is no longer this node's")


class NotRegistered(ClusterError, NoProcess):
    """Nobody holds the name: the request was not executed."""

    def __init__(self, key: object) -> None:
        self.key = key
        NoProcess.__init__(self, repr(key), "is not registered in the cluster")


class Refused(ClusterError, NoProcess):
    """The other node did not take the request: it was not executed."""

    def __init__(self, key: object, why: str) -> None:
        self.key = key
        self.why = why
        NoProcess.__init__(self, repr(key), f"refused the request: {why}")


class Overloaded(ClusterError):
    """Too much waits to be sent: the message was not sent."""


class NodeDown(ClusterError):
    """The node that was asked is down: the request may have been executed."""

    may_have_run = True

    def __init__(self, key: object, node: str) -> None:
        self.key = key
        self.node = node
        super().__init__(f"node {node!r}, which held {key!r}, is down")


class ConnectionChanged(ClusterError):
    """The link broke while a request was on its way: it may have been executed."""

    may_have_run = True

    def __init__(self, key: object) -> None:
        self.key = key
        super().__init__(f"the link changed while a call of {key!r} was on its way")


class CallTimeout(ClusterError, trio.TooSlowError):
    """No answer came in time: the request may have been executed, now or later."""

    may_have_run = True

    def __init__(self, key: object, seconds: float) -> None:
        self.key = key
        self.seconds = seconds
        super().__init__(f"no answer from {key!r} within {seconds:g} s")


class RemoteCrash(ClusterError, ServerExit):
    """The server crashed on another node before it answered; it may have executed it.

    Exceptions that an operation does not declare do not cross: their text does.
    """

    may_have_run = True

    def __init__(self, key: object, type_name: str, text: str, exit: Exit) -> None:
        self.key = key
        self.type_name = type_name
        """The full name of the exception's class there; empty without one."""
        self.text = text
        """What the exception said, in one line."""
        ServerExit.__init__(self, repr(key), exit)


for _error in (EngineUnavailable, NameTaken, LeaseLost, ClusterError):
    _error.__module__ = "trio_sup.cluster"
