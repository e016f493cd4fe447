"""What has happened, as somebody sees it who sees all; and what is wrong with it."""

from __future__ import annotations

import trio
from attrs import Factory, define

from tests.cluster.nodes import TTL
from tests.cluster.promise.network import Network
from trio_sup.cluster._rules.keys import encode_key
from trio_sup.cluster._rules.words import Taken

KEYS = ("one", "two")
LAST_WORDS = 0.05
"""For how long a child goes on that is stopped: less than is left of a lease."""
MOST_ASKED = 150
"""Questions to the engine that one node may have in a second, whatever happens."""


class Broken(AssertionError):
    """The promise did not hold."""


@define
class World:
    """All that was seen so far."""

    backend: Network
    owners: dict[str, str] = Factory(dict[str, str])
    """Where each key runs at present."""
    tokens: dict[str, tuple[int, str]] = Factory(dict[str, tuple[int, str]])
    """The token of the last life of each key, and its node."""
    lives: dict[str, int] = Factory(dict[str, int])
    """How often each key began."""
    served: dict[int, int] = Factory(dict[int, int])
    orders: dict[tuple[str, str, int], int] = Factory(dict[tuple[str, str, int], int])
    ended: dict[int, str] = Factory(dict[int, str])
    answered: dict[str, set[int]] = Factory(lambda: {key: set[int]() for key in KEYS})
    """What no later life may have forgotten."""
    unlost: set[int] = Factory(set[int])
    """What was served since the engine lost its data: its answer may come later."""
    unreachable: dict[str, float] = Factory(dict[str, float])
    """Since when a node cannot reach the engine."""
    drained: set[str] = Factory(set[str])
    forgot: float = -100.0
    """When the engine lost its data."""
    wrong: list[str] = Factory(list[str])
    serial: int = 0

    def fail(self, what: str) -> None:
        """Note it: what a child raises is a crash, and restarted."""
        self.wrong.append(what)

    def judge(self) -> None:
        """Raise what was noted, and look at what can be seen at any moment."""
        now = trio.current_time()
        for key, node in self.owners.items():
            if now - self.unreachable.get(node, now) > 0.95 * TTL + LAST_WORDS + 0.02:
                self.fail(f"{key} runs on {node}, which lost the engine long ago")
            if node in self.drained:
                self.fail(f"{key} runs on {node}, which was drained")
            if now - self.forgot > 1.5 * TTL:
                self._known(key, node)
        busiest = self.backend.asked.most_common(1)
        if busiest and busiest[0][1] > MOST_ASKED:
            self.fail(f"{busiest[0][1]} questions of one node in one second")
        if self.wrong:
            raise Broken(self.wrong[0])

    def _known(self, key: str, node: str) -> None:
        """What runs is what the engine thinks that runs."""
        token, _ = self.tokens[key]
        held = self.backend.engine.lookup(trio.current_time(), encode_key(key))
        if not isinstance(held, Taken) or held.token != token:
            self.fail(f"{key} runs on {node}, and the engine says {held}")

    # What happens to the nodes.

    def reaches(self, node: str) -> None:
        self.unreachable.pop(node, None)

    def is_cut_off(self, node: str) -> None:
        self.unreachable.setdefault(node, trio.current_time())

    # What the children do.

    def begins(self, key: str, node: str, token: int) -> None:
        if key in self.owners:
            self.fail(f"{key} runs on {self.owners[key]} and on {node}")
        last, holder = self.tokens.get(key, (0, node))
        if token < last or (token == last and holder != node):
            self.fail(f"the token of {key} went from {last} to {token}")
        self.owners[key], self.tokens[key] = node, (token, node)
        self.lives[key] = self.lives.get(key, 0) + 1

    def ends(self, key: str) -> None:
        self.owners.pop(key, None)

    def serves(self, number: int, sender: str, key: str, token: int) -> None:
        self.served[number] = self.served.get(number, 0) + 1
        self.unlost.add(number)
        if self.served[number] > 1:
            self.fail(f"message {number} was served twice")
        if self.ended.get(number) == "not executed":
            self.fail(f"message {number} was served, and its caller told it was not")
        if token < self.tokens[key][0]:
            self.fail(f"message {number} was served under an old token")
        place = (sender, key, token)
        if self.orders.get(place, 0) > number:
            self.fail(f"message {number} of {sender} came late")
        self.orders[place] = number

    def remembers(self, key: str, asked: list[int]) -> None:
        lost = self.answered[key].difference(asked)
        if lost:
            self.fail(f"{key} has forgotten {lost}, which were answered")

    def forgets(self) -> None:
        """The engine lost its data: also the states, until they are written again."""
        self.forgot = trio.current_time()
        self.unlost.clear()
        for answered in self.answered.values():
            answered.clear()

    # What the callers see.

    def called(self, number: int, how: str, key: str) -> None:
        if how == "answered" and number in self.unlost:
            self.answered[key].add(number)
        if how == "not executed" and number in self.served:
            self.fail(f"call {number} was executed, and its caller told it was not")
        if how == "answered" and number not in self.served:
            self.fail(f"call {number} was answered by nobody")
        if number in self.ended:
            self.fail(f"call {number} ended twice")
        self.ended[number] = how
