"""The parts of one child's `Detail`: bounded, printable, redacted. Plain calls."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from attrs import evolve

from trio_sup._core.exits import describe_error
from trio_sup.inspect.node.bounds import (
    MAX_ERROR,
    MAX_NAME,
    MAX_PATH,
    MAX_STATE,
    MAX_TRACEBACK,
    clip,
    clip_lines,
    finite,
)
from trio_sup.inspect.node.masking import mask_report, mask_text
from trio_sup.inspect.node.places import is_machinery, short_file
from trio_sup.inspect.node.render import (
    REDACTED,
    attributes_of,
    render,
    render_attributes,
    render_call,
)
from trio_sup.inspect.node.render_names import (
    Parameters,
    hidden_fields,
    parameters_of,
    parameters_of_member,
)
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames
from trio_sup.inspect.node.showing import ALL_SHOWN, Showing
from trio_sup.inspect.node.source_lines import source_line
from trio_sup.inspect.node.times import Meters
from trio_sup.inspect.protocol.wire_details import (
    Frame,
    Life,
    Link,
    MailboxPart,
    SeenMessage,
    StatePart,
    TaskStack,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio.lowlevel import Task

    from trio_sup.inspect.node.numbers import Numbers
    from trio_sup.inspect.node.source import ObservedChild, ObservedNode
    from trio_sup.inspect.node.source_asked import ObservedMessage
    from trio_sup.inspect.protocol.wire_times import TimesPart

MESSAGES: Final = 50
"""Messages of a mailbox that are shown."""
LINKS: Final = 200
STACKS: Final = 50
"""Tasks of one child whose stacks are shown."""
FRAMES: Final = 50
MAX_MESSAGE: Final = 300
ATTRIBUTES: Final = 40
"""Attributes of a server that are compared, each as far as this goes:"""
MAX_ATTRIBUTE: Final = 2000
CONTENTS: Final = frozenset({"stderr", "says"})
"""Facts that are words of the program's own."""
BY_HAND: Final = "by hand: an operator said so"
BY_BUDGET: Final = "its own restart budget is used up"
SLOW_FORMAT: Final = 0.1
"""A `format_status` that took longer is not called again."""


class Ages:
    """When messages were first seen; forgets them when they are gone."""

    def __init__(self) -> None:
        self._seen: WeakKeyDictionary[object, float] = WeakKeyDictionary()

    def of(self, item: object, now: float) -> float:
        """When the item was first asked about."""
        return self._seen.setdefault(item, now)


class Insides:
    """Builds parts for all clients of one node."""

    def __init__(
        self,
        node: ObservedNode,
        numbers: Numbers,
        showing: Showing = ALL_SHOWN,
        secrets: SecretNames = DEFAULT,
    ) -> None:
        """Make the builder.

        Args:
            node: The node that is shown.
            numbers: Serial numbers of Trio's tasks.
            showing: What may be shown of them.
            secrets: Which names hide their values.
        """
        self.contents: bool = showing.contents
        """Whether messages and states are shown at all."""
        self._node = node
        self._numbers = numbers
        self._redact = showing.redact
        self._secrets = secrets
        self._slow: dict[type, float] = {}
        self.ages: Ages = Ages()
        self.meters: Meters = Meters()
        """What is measured of children that somebody asked about."""

    # --- the mailbox ----------------------------------------------------------

    def mailbox(self, child: ObservedChild, now: float) -> MailboxPart | None:
        """The messages of a server; None for what has no mailbox."""
        queue = child.mailbox
        if queue is None:
            return None
        inside = child.inside()
        suspended, deferred, blocked, received, dropped = inside.mailbox_facts()
        current, busy = inside.current(), queue.in_progress
        in_hand = None
        if current is not None and busy is not None:
            in_hand = self.letter(current, finite(busy[1]) or now, inside.server)
        return MailboxPart(
            now,
            queue.depth,
            [
                self.letter(message, self.ages.of(message.item, now), inside.server)
                for message in inside.messages(MESSAGES)
            ],
            in_hand,
            suspended,
            deferred,
            blocked,
            received,
            dropped,
            not self.contents,
        )

    def letter(
        self, message: ObservedMessage, seen: float, server: object | None
    ) -> SeenMessage:
        """One message as it is shown."""
        text = ""
        if self.contents:
            parameters = _parameters(message, server)
            text = self._redacted(
                render_call(
                    message.args, message.kwargs, parameters, secrets=self._secrets
                )
            )
        return SeenMessage(
            message.kind,
            clip(message.op, MAX_NAME),
            clip(text, MAX_MESSAGE),
            clip(message.sender_path, MAX_PATH),
            seen,
        )

    def _redacted(self, text: str) -> str:
        if self._redact is None:
            return text
        try:
            return str(self._redact(text))
        except BaseException as error:  # noqa: BLE001 - it must not end the node
            return f"<the redactor raised {type(error).__name__}>"

    def times(self, child: ObservedChild, now: float) -> TimesPart | None:
        """How long its messages wait and take; None for what has no mailbox."""
        return None if child.mailbox is None else self.meters.part(child, now)

    # --- the state ------------------------------------------------------------

    def state(self, child: ObservedChild, now: float) -> StatePart:
        """The attributes of a server's object, right now.

        In the middle of a message, if one is in hand.
        """
        inside = child.inside()
        server = inside.server
        if not self.contents:
            return StatePart(now, "", "this node shows no contents")
        if server is None:
            return StatePart(now, "", "there is no server's object")
        began = time.perf_counter()
        kind, note = inside.formatter, ""
        hidden = hidden_fields(type(server)) if kind is None else ()
        if kind is None:
            state = dict(attributes_of(server))
            state.pop("__inner__", None)
        elif kind in self._slow:
            seconds = self._slow[kind]
            note = f"format_status took {seconds:.2f} s once: not called again"
            return StatePart(now, "", note)
        else:
            state = dict(inside.formatted_state())
            seconds = time.perf_counter() - began
            note = f"format_status took {seconds * 1e3:.1f} ms"
            if seconds > SLOW_FORMAT:
                self._slow[kind] = seconds
        text, missing = render_attributes(state, secrets=self._secrets, hidden=hidden)
        text, clipped = clip_lines(self._redacted(text), MAX_STATE)
        took = time.perf_counter() - began
        return StatePart(now, text, note, clipped or missing, round(took, 6))

    # --- the stack --------------------------------------------------------------

    def stack(self, child: ObservedChild) -> list[TaskStack]:
        """Where the child's task stands, and those below it that are no child's."""
        task = child.inside().task
        if task is None:
            return []
        found: list[TaskStack] = []
        todo = [(task, 0)]
        while todo and len(found) < STACKS:
            at, depth = todo.pop()
            found.append(self._task_stack(at, depth))
            for nursery in at.child_nurseries:
                todo += [
                    (below, depth + 1)
                    for below in nursery.child_tasks
                    if self._node.child_of(below)[0] == child.uid
                ]
        return found

    def _task_stack(self, task: Task, depth: int) -> TaskStack:
        frames = list(stack_frames(task))[-FRAMES:]
        number = self._numbers.of(task)
        return TaskStack(number, clip(task.name, MAX_NAME), depth, frames)

    # --- the story --------------------------------------------------------------

    def history(self, child: ObservedChild) -> list[Life]:
        """Past lives, oldest first."""
        return [
            Life(number, finite(began), finite(ended), kind, self._reported(text))
            for number, began, ended, kind, text in child.inside().lives()
        ]

    def traceback(self, child: ObservedChild) -> str:
        """The last crash, without what it says of secrets."""
        # Of a traceback its end is kept.
        return mask_report(
            child.last_traceback[-4 * MAX_TRACEBACK :], self._secrets, 4 * MAX_TRACEBACK
        )

    def _reported(self, text: str) -> str:
        return clip(mask_report(text, self._secrets, 4 * MAX_ERROR), MAX_ERROR)

    def logged(self, text: str, limit: int) -> str:
        """What may be seen of a text of the log; nothing where contents are hidden."""
        if not self.contents:
            return ""
        return clip(self._redacted(mask_text(text, self._secrets)), limit)

    def registered(self, key: str, value: object) -> str:
        """What may be seen of a value that was registered with a key."""
        if not self.contents or value is None:
            return ""
        return REDACTED if self._secrets.hides(key) else self._one_line(value)

    def outcome(self, value: object) -> str:
        """What may be seen of an answer, or of an error."""
        if isinstance(value, BaseException):
            return self._reported(describe_error(value))
        return self._one_line(value) if self.contents and value is not None else ""

    def path(self, child: ObservedChild) -> str:
        """Where a child stands."""
        return clip(child.path_text, MAX_PATH)

    def attributes(self, child: ObservedChild) -> dict[str, str]:
        """The attributes of a server's object, each in a line."""
        inside = child.inside()
        server = inside.server
        if server is None or not self.contents or inside.formatter in self._slow:
            return {}
        if inside.formatter is None:
            state = dict(attributes_of(server))
            hidden = hidden_fields(type(server))
        else:
            state, hidden = dict(inside.formatted_state()), ()
        state.pop("__inner__", None)
        shown: dict[str, str] = {}
        for name, value in islice(state.items(), ATTRIBUTES):
            text, _ = render_attributes(
                {name: value}, secrets=self._secrets, hidden=hidden
            )
            line = " ".join(self._redacted(text).split())
            shown[name] = clip(line.removeprefix(f"{name} = "), MAX_ATTRIBUTE)
        return shown

    def _one_line(self, value: object) -> str:
        text = self._redacted(render(value, width=MAX_MESSAGE, secrets=self._secrets))
        return clip(text.partition("\n")[0], MAX_MESSAGE)

    def facts(self, child: ObservedChild) -> list[list[str]]:
        """What its kind has to say of it; what it wrote itself only if that is shown.

        Of one in quarantine who put it there.
        """
        why = BY_HAND if child.held else BY_BUDGET
        quarantine = [["quarantine", why]] if child.status == "quarantined" else []
        return quarantine + [
            [clip(name, MAX_NAME), self._reported(text)]
            for name, text in child.inside().facts()
            if self.contents or name not in CONTENTS
        ]

    def links(self, child: ObservedChild) -> list[Link]:
        """What the child has to do with others."""
        found: list[Link] = []
        for relation, other, text in child.inside().links():
            if len(found) >= LINKS:
                break
            found.append(Link(relation, other, clip(text, MAX_PATH)))
        return found


def _parameters(message: ObservedMessage, server: object | None) -> Parameters:
    """What the handler of a message calls its arguments.

    Looked up for whoever looks at the message; nothing is prepared for it.
    """
    if server is not None:
        found = parameters_of_member(type(server), message.op)
        if found is not None:
            return found
    handler: object = getattr(message.item, "handler", None)
    found = parameters_of(getattr(handler, "fn", None), message.op)
    if getattr(handler, "deferred", False):
        # There may be a caller before the arguments: each has one of two names.
        pairs = zip(found.positional, (*found.positional[1:], ""), strict=True)
        return evolve(found, positional=tuple(map(" ".join, pairs)))
    return found


def stack_frames(task: Task) -> Iterator[Frame]:
    """Where a task stands, the outermost first, without the machinery at its end."""
    places = [(frame, line) for frame, line in task.iter_await_frames()]
    while len(places) > 1 and is_machinery(places[-1][0].f_code.co_filename):
        places.pop()
    for frame, line in places:
        code = frame.f_code
        yield Frame(
            clip(short_file(code.co_filename), MAX_PATH),
            line,
            clip(code.co_qualname, MAX_NAME),
            source_line(code.co_filename, line),
        )
