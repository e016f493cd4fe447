"""A server that ends as it is told."""

from typing import Any

import trio
import trio.testing

from trio_sup import (
    Caller,
    Exit,
    GenServer,
    NoProcess,
    ServerExit,
    Stop,
    call,
    cast,
    child,
    open_supervisor,
)


class Ender(GenServer):
    """Ends as it is told; its story is the test's."""

    def __init__(self, story: Any, clean_up: Any = 0) -> None:
        self.story = story
        self.clean_up = clean_up

    @call
    async def stop_with(self, *args: Any, **kwargs: Any) -> None:
        raise Stop(*args, **kwargs)

    @call
    async def change_then_crash(self) -> None:
        self.state = "changed"
        raise ValueError("crash")

    @call
    async def sleep(self, seconds: Any) -> None:
        try:
            await trio.sleep(seconds)
        except trio.Cancelled:
            self.story.append(("handler cancelled at", trio.current_time()))
            raise
        self.story.append(("slept until", trio.current_time()))

    @call.deferred
    async def reply_then_stop(self, caller: Caller[str]) -> None:
        caller.reply("early")
        raise Stop

    @cast
    async def note(self, item: Any) -> None:
        self.story.append(item)

    async def handle_info(self, message: Any) -> None:
        raise message

    async def terminate(self, exit: Exit) -> None:
        self.story.append(("terminate", exit.kind, exit.reason))
        if isinstance(self.clean_up, Exception):
            raise self.clean_up
        if self.clean_up:
            try:
                await trio.sleep(self.clean_up)
            except trio.Cancelled:
                self.story.append(("terminate cancelled at", trio.current_time()))
                raise
        self.story.append(("clean at", trio.current_time()))


def tree(story: Any, *args: Any, **options: Any) -> Any:
    options.setdefault("restart", "temporary")
    return open_supervisor([child(Ender, story, *args, id="ender", **options)])


async def outcome_of(ref: Any, op: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return await ref.call(op, *args, **kwargs)
    except (ServerExit, NoProcess) as error:
        return error
