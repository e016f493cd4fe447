"""Partitions: which one a key picks, and which are in use."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, cast

from trio_sup._tree.supervisor import PartitionSupervisor
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class PartitionsModel:
    """All partition supervisors of one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        # What was picked: of whom, of how many, by which key.
        self._picked: dict[tuple[Record, int, Hashable], int] = {}
        self.asked: dict[Record, int] = {}
        """How often somebody wanted another number of a supervisor's."""

    def picked(self, record: Record, key: Hashable, number: object) -> None:
        """A key picked a partition."""
        size, name = _size(record), record.path_text
        if not isinstance(number, int) or not 0 <= number < size:
            words = f"{key!r} picks {number!r} of {size}"
            self.broken(laws.PARTITION, name, words)
            return
        expected = _expected(key, size)
        place = record, size, (type(key), key)
        before = self._picked.setdefault(place, number)
        if number != before or (expected is not None and number != expected):
            right = before if expected is None else expected
            words = f"{key!r} picks {number} of {size}, and {right} is right"
            self.broken(laws.PARTITION, name, words)

    def begins(self, record: Record) -> None:
        """A life of a child begins."""
        above = record.above
        if above is None or above.spec.target != "partition_supervisor":
            return
        if isinstance(record.id, int) and record.id >= _size(above):
            words = f"it begins, and {_size(above)} are in use"
            self.broken(laws.DISABLED, record.path_text, words)


def _size(record: Record) -> int:
    """Return how many partitions are in use."""
    size: int = cast("Any", record.handle).partitions
    return size


def _expected(key: Hashable, size: int) -> int | None:
    """Return what is promised for all processes, for the commonest keys."""
    if type(key) is int:
        return abs(key) % size
    if type(key) is str:
        return zlib.crc32(key.encode(errors="surrogatepass")) % size
    return None


def pick(
    judge: Any, original: Any, supervisor: Any, key: Hashable, kind: Any = None
) -> Any:
    """A partition is picked by a key."""
    handle = original(supervisor, key, kind)
    judge.partitions.picked(supervisor.record, key, handle.record.id)
    return handle


async def resize(judge: Any, original: Any, supervisor: Any, count: int) -> int:
    """Somebody wants another number of partitions."""
    record, model = supervisor.record, judge.partitions
    waiting = len(record.shell.plan.line.queue)
    asked = model.asked[record] = model.asked.get(record, 0) + 1
    before: int = await original(supervisor, count)
    alone = asked == model.asked[record]  # else another one may have come true since
    if alone and not waiting and supervisor.partitions != count:
        words = f"{count} were asked for, and {supervisor.partitions} are in use"
        judge.broken(laws.DISABLED, supervisor.path_text, words)
    return before


STAND_INS = (
    StandIn(PartitionSupervisor, "pick", pick),
    StandIn(PartitionSupervisor, "resize", resize),
)
