"""Task reminders: one worker for each open task, started at boot.

A starter runs first and starts one transient worker per open task; it is temporary,
so that it is gone when its work is done. Completing a task stops its worker.
"""

from __future__ import annotations

import trio

from trio_sup import (
    ChildSpec,
    DynamicSupervisor,
    GenServer,
    ServerRef,
    Stop,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
    whereis,
)

OpenTasks = dict[str, float]
"""Title and the seconds between two reminders; in real life a table."""


class Reminder(GenServer):
    """Reminds of one open task until it is completed."""

    def __init__(self, title: str, interval: float) -> None:
        self.title = title
        self.interval = interval
        self.reminded = 0

    async def init(self) -> None:
        """Begin to remind."""
        self.every(self.interval, Reminder.remind)

    @cast
    async def remind(self) -> None:
        """Remind once."""
        self.reminded += 1
        print(f"{trio.current_time():.0f} s: {self.title} (reminder {self.reminded})")

    @call
    async def complete(self) -> int:
        """The task is done: end in order, and tell how often it took."""
        raise Stop(reply=self.reminded)


def reminder(title: str, interval: float) -> ChildSpec[ServerRef[Reminder]]:
    """The worker of one task; it comes back after a crash only."""
    return child(Reminder, title, interval, name=("task", title), restart="transient")


async def start_open_tasks(tasks: OpenTasks) -> None:
    """Start the worker of each open task."""
    workers = whereis("reminders", DynamicSupervisor)
    assert workers is not None, "it stands before the starter in the list"
    for title, interval in tasks.items():
        await workers.get_or_start(reminder(title, interval))


def reminders(tasks: OpenTasks) -> ChildSpec[Supervisor]:
    """The whole tree: workers first, then who starts them."""
    return supervisor(
        [
            dynamic_supervisor(id="reminders", name="reminders"),
            child(start_open_tasks, tasks, restart="transient"),
        ],
        strategy="rest_for_one",  # the workers died together: start them again
        id="todo",
    )


async def main() -> None:
    """Remind of two tasks, complete one."""
    async with open_supervisor(
        reminders({"water the plants": 3, "call Ada": 4})
    ) as top:
        await top.child("start_open_tasks").wait_stopped()
        await trio.sleep(7)
        plants = whereis(("task", "water the plants"), Reminder)
        assert plants is not None
        print("done after", await plants.call(Reminder.complete), "reminders")
        await plants.wait_stopped()
        print("workers left:", top.dynamic("reminders").count_children().active)


if __name__ == "__main__":
    trio.run(main)
