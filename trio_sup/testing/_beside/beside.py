"""All models of one run of what stands beside servers, and when each is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trio_sup.testing._beside import (
    hearing,
    machines,
    names,
    partitions,
    requests,
    streams,
    tasks,
    timers,
    topics,
    waits,
    watches,
)
from trio_sup.testing._beside.endings import EndingsModel
from trio_sup.testing._beside.hearing import HearingModel
from trio_sup.testing._beside.names import NamesModel
from trio_sup.testing._beside.partitions import PartitionsModel
from trio_sup.testing._beside.requests import RequestsModel
from trio_sup.testing._beside.streams import StreamsModel
from trio_sup.testing._beside.tasks import TasksModel
from trio_sup.testing._beside.timers import TimersModel
from trio_sup.testing._beside.topics import TopicsModel
from trio_sup.testing._beside.waits import WaitsModel
from trio_sup.testing._beside.watches import WatchesModel

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.events import LifecycleEvent

STAND_INS = (
    *names.STAND_INS,
    *hearing.STAND_INS,
    *topics.STAND_INS,
    *watches.STAND_INS,
    *tasks.STAND_INS,
    *streams.STAND_INS,
    *partitions.STAND_INS,
    *timers.STAND_INS,
    *machines.STAND_INS,
    *requests.STAND_INS,
    *waits.STAND_INS,
)
"""All methods of the library's that tell a judge what they do."""


class Beside:
    """What judges names, monitors, tasks and their like in one run.

    Args:
        problem: Told of a law that is broken, and how.
        name: Returns what to call the child at a path.
        happened: Returns how many events there were.
    """

    def __init__(
        self,
        problem: Callable[[str, str], object],
        name: Callable[[str], str],
        happened: Callable[[], int],
    ) -> None:
        self._problem = problem
        self._name = name
        self._happened = happened
        # What subscriptions said to what is being published, if anything is.
        self.offers: list[Any] | None = None
        self.names = NamesModel(self.broken)
        self.hearing = HearingModel(self.broken)
        self.topics = TopicsModel(self.broken)
        self.watches = WatchesModel(self.broken)
        self.tasks = TasksModel(self.broken)
        self.streams = StreamsModel(self.broken)
        self.partitions = PartitionsModel(self.broken)
        self.timers = TimersModel(self.broken)
        self.requests = RequestsModel(self.broken)
        self.endings = EndingsModel(self.broken)
        self.waits = WaitsModel(self.broken)

    def broken(self, law: str, path: str, what: str) -> None:
        """A law does not hold of the child at a path, or of something of that name."""
        self._problem(law, f"{self._name(path)}: {what}")

    def begins(self, record: Record) -> None:
        """A life of any child begins to run."""
        self.partitions.begins(record)
        self.requests.begins(record)
        if record.shell is None:
            self.endings.begins(record)

    def take(self, event: LifecycleEvent) -> None:
        """A life has ended."""
        self.watches.take(event)

    def settled(self) -> None:
        """Nothing more happens by itself."""
        self.names.settled(self._happened())
        for model in (
            self.hearing,
            self.topics,
            self.watches,
            self.tasks,
            self.timers,
            self.requests,
            self.endings,
        ):
            model.settled()
