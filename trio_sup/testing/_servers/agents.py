"""Agents: their value is what their functions made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trio_sup._servers.agent import Agent

OPERATIONS = ("run_get", "run_update", "run_get_and_update", "run_cast")


class AgentWatch:
    """One operation of an agent, from before its function to after it."""

    def __init__(self, agent: Agent[Any], operation: str) -> None:
        self._agent = agent
        self._operation = operation
        self._before: object = agent.value
        self._made: list[object] = []
        self._given: list[object] = []

    def watched(self, fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the function, with what it gets and makes noted."""

        def call(value: Any) -> Any:
            self._given.append(value)
            self._made.append(fn(value))
            return self._made[-1]

        return call

    def complaints(self, answer: object) -> list[str]:
        """Return what is wrong with the value and the answer, in words."""
        wrong: list[str] = []
        if len(self._made) != 1 or self._given[0] is not self._before:
            wrong.append(f"its function was given {self._given!r}")
            return wrong
        made = self._made[0]
        value: object = self._before
        told: object = None
        match self._operation:
            case "run_get":
                told = made
            case "run_get_and_update" if isinstance(made, tuple):
                told, value = made  # pyright: ignore[reportUnknownVariableType]
            case _:
                value = made
        if self._agent.value is not value:
            wrong.append(f"its value is {self._agent.value!r}, and {value!r} was made")
        if self._operation != "run_cast" and answer is not told:
            wrong.append(f"the answer is {answer!r}, and {told!r} was made")
        return wrong


def watch_of(server: Any, operation: str) -> AgentWatch | None:
    """Return what watches an operation, if it is one of an agent's."""
    if operation not in OPERATIONS or not issubclass(type(server), Agent):
        return None
    return AgentWatch(server, operation) if hasattr(server, "value") else None
