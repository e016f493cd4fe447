"""A mailbox against the simplest thing that could be one: a list that is searched."""

from threading import get_ident
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from trio_sup import Mailbox, MailboxFull
from trio_sup._children.record import Record
from trio_sup._core.policies import WhenFull
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import (
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    StopNote,
)

CAPACITY = 3


class NoRecord:
    path_text = "nobody"
    node = SimpleNamespace(home=SimpleNamespace(thread=get_ident()))


class Model:
    """What `MailQueue` has to do, one search a step."""

    def __init__(self, when_full: WhenFull) -> None:
        self.when_full = when_full
        self.items: list[Item] = []

    @property
    def notes(self) -> list[Item]:
        return [item for item in self.items if isinstance(item, CastNote | InfoNote)]

    def put_note(self, note: CastNote | InfoNote) -> None:
        if len(self.notes) >= CAPACITY:
            if self.when_full != "drop_oldest":
                return
            self.items.remove(self.notes[0])
        self.items.append(note)

    def forget_own(self) -> None:
        self.items = [
            item
            for item in self.items
            if isinstance(item, Request)
            or (isinstance(item, CastNote | InfoNote) and not item.timer_of)
        ]


def some_request() -> Request:
    return Request(cast(Any, None), cast(Any, None), ())


MAKE: dict[str, Any] = {
    "call": some_request,
    "cast": lambda: CastNote(cast(Any, None), ()),
    "info": lambda: InfoNote(None),
    "timer": lambda: InfoNote(None, timer_of=1),
    "down": lambda: DownNote(cast(Any, None), cast(Any, None)),
    "stop": StopNote,
}

STEPS = st.lists(st.sampled_from([*MAKE, *MAKE, "take", "take", "crash"]), max_size=60)


@pytest.mark.parametrize("when_full", ["drop_oldest", "drop_newest", "reject"])
@given(steps=STEPS)
def test_a_mailbox_keeps_its_order_and_drops_what_the_policy_says(
    when_full: WhenFull, steps: list[str]
) -> None:
    """Through takes, drops, and crashes after which what is foreign is kept."""
    policy = Mailbox(CAPACITY, when_full=when_full, on_crash="keep")
    queue = MailQueue(cast(Record, NoRecord()), policy)
    queue.open()
    model = Model(when_full)
    for step in steps:
        if step == "take":
            expected = model.items.pop(0) if model.items else None
            assert queue.take() is expected
        elif step == "crash":
            queue._drop_own()
            model.forget_own()
        else:
            put(queue, model, MAKE[step]())
        seen = [*reversed(queue.batch), *queue.inbox]
        assert list(map(id, seen)) == list(map(id, model.items))
        backwards = [*reversed(queue.inbox), *queue.batch]
        assert backwards == seen[::-1]
        assert queue.depth == len(seen)
        assert queue.bounded == len(model.notes)
        assert queue.stops == sum(isinstance(item, StopNote) for item in seen)


def put(queue: MailQueue, model: Model, item: Item) -> None:
    if isinstance(item, Request):
        queue.put_call(item)
    elif isinstance(item, StopNote):
        queue.put_stop(item)
    elif isinstance(item, DownNote):
        queue.put_down(item)
    else:
        try:
            queued = queue.put_note(item)
        except MailboxFull:
            queued = False
        model.put_note(item)
        assert queued == any(item is one for one in model.items)
        return
    model.items.append(item)


def test_what_is_put_before_all_others_on_a_shelf_is_next() -> None:
    policy = Mailbox(1, when_full="drop_oldest")
    queue = MailQueue(cast(Record, NoRecord()), policy)
    queue.open()
    old, new, first = MAKE["cast"](), MAKE["cast"](), MAKE["call"]()
    queue.put_note(old)
    queue.put_note(new)
    queue.batch.append(first)
    assert [queue.take(), queue.take(), queue.take()] == [first, new, None]
