"""A server's model on a stage: what happens to it is told by hand."""

from collections.abc import Callable

from attrs import frozen

from trio_sup.testing._servers.model import Kind, Message, Policy, ServerModel


class Stage:
    """A model in its first life, ready, and what it complains of."""

    def __init__(
        self, capacity: float = 2, when_full: Policy = "reject", *, keeps: bool = False
    ) -> None:
        self.broken: list[str] = []
        self.model = ServerModel(
            capacity, when_full, keeps, lambda law, what: self.broken.append(law)
        )
        self.round = 0
        self.begin(1)

    def begin(self, life: int) -> None:
        self.model.begin(life)
        self.model.ready = True

    def come(self, item: object, kind: Kind = "cast", timer_of: int = 0) -> None:
        self.model.arrive(Message(item, kind, str(item), timer_of))

    def serve(self, *items: object) -> None:
        for item in items:
            self.round += 1
            self.model.take(item, self.round)
            assert self.model.in_hand is None or self.model.in_hand.item is item
            self.model.in_hand = None

    def offer(self, item: object, came: str) -> None:
        """A cast; `came` is what the mailbox made of it."""
        expected = self.model.offer()
        if self.model.when_full == "drop_oldest":
            self.model.make_room()
        if came == "taken":
            self.come(item)
        self.model.offered(expected, came)

    def crash(self, *, kept: bool = True) -> None:
        self.model.doomed = "it raised"
        self.model.enter_terminate(brutal=False, cut=False, failed=True, closes=True)
        self.model.end(kept=kept, brutal=False)

    def stop(self) -> None:
        self.model.enter_terminate(brutal=False, cut=False, failed=False, closes=True)
        self.model.end(kept=False, brutal=False)

    def settle(self, *, held_up: bool = False) -> None:
        self.model.settled(held_up=held_up)


@frozen
class Story:
    """What happens to a server, and which law it breaks."""

    law: str
    happens: Callable[[Stage], object]
    name: str
    capacity: float = 2
    when_full: Policy = "reject"
    keeps: bool = False

    def broken(self) -> list[str]:
        stage = Stage(self.capacity, self.when_full, keeps=self.keeps)
        self.happens(stage)
        return stage.broken
