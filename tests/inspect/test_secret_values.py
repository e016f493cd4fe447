"""In no shape and by no parameter does a secret leave the node."""

import collections
import enum
import functools
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest
import trio
from hypothesis import given, strategies as st
from trio.testing import MockClock

from tests.inspect.looking import looking
from trio_sup import Caller, GenServer, StateMachine, call, cast, child, open_supervisor
from trio_sup.inspect.node.masking import (
    REDACTED,
)
from trio_sup.inspect.node.render import (
    render,
    render_attributes,
    render_call,
    render_line,
)
from trio_sup.inspect.node.render_names import Parameters, parameters_of

SECRET = "hunter2"


class Login(NamedTuple):
    user: str
    password: str


@dataclass
class Account:
    api_key: str
    note: str = field(default="", repr=False)


@attrs.define
class Slotted:
    access_key: str
    note: str = attrs.field(default="", repr=False)


@attrs.define
class Starred:
    note: str = attrs.field(default="", repr=lambda _: "***")


class Plain:
    def __init__(self, value: object) -> None:
        self.__passphrase = value


class Password(str):
    __slots__ = ()


class Key(enum.StrEnum):
    TOKEN = "t"


def in_shape(value: str) -> st.SearchStrategy[object]:
    """Objects that hold a secret in a place that says so."""
    names = st.sampled_from(["password", "apiKey", "X-Api-Key", "user_token", "auth"])
    here: st.SearchStrategy[object] = st.one_of(
        names.map(lambda name: {name: value}),
        names.map(lambda name: {name.encode(): value.encode()}),
        names.map(lambda name: (name, value)),
        names.map(lambda name: [name.encode(), value.encode()]),
        names.map(lambda name: types.SimpleNamespace(**{name: [value]})),
        names.map(lambda name: {"name": name, "value": value}),
        names.map(lambda name: {("db", name): value}),
        names.map(lambda name: f"{name}={value}"),
        names.map(lambda name: f'{{"{name}": "{value}"}}'.encode()),
        names.map(lambda name: ["cmd", f"--{name}", value]),
        names.map(lambda name: ValueError(name, value)),
        st.sampled_from(
            [
                Login("me", value),
                Account(value, value),
                Slotted(value, value),
                Starred(value),
                Plain(value),
                Password(value),
                {Key.TOKEN: value},
                {Password("x"): f"amqp://u:{value}@h"},
                collections.OrderedDict(secret=value),
                collections.ChainMap({"dsn": value}),
                collections.UserDict({"jwt": value}),
                functools.partial(print, value),
                f"postgres://u:{value}@h",
                f"Authorization: Basic {value}",
            ]
        ),
    )
    return st.recursive(
        here,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(st.just("x"), inner),
            st.dictionaries(st.text(max_size=3), inner, max_size=3),
            inner.map(lambda held: types.SimpleNamespace(held=held)),
        ),
        max_leaves=4,
    )


@given(in_shape(SECRET))
def test_in_no_shape_does_a_secret_come_out(value: object) -> None:
    shown = [
        render(value),
        render(value, width=20),
        render_line(value, 500),
        render_call((value,), {"k": value}),
        render_attributes({"held": value})[0],
    ]
    assert not [text for text in shown if SECRET in text]


def test_a_named_tuple_hides_by_its_fields_and_shows_the_rest() -> None:
    assert render(Login("me", SECRET)) == f"Login(('me', {REDACTED}))"
    assert (
        render({"max_tokens": 5, "author": "me"}) == "{'max_tokens': 5, 'author': 'me'}"
    )


def wrapped(fn: Any) -> Any:
    @functools.wraps(fn)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        return await fn(*args, **kwargs)

    return inner


class Safe(GenServer):
    def __init__(self) -> None:
        self.stock = {"apples": 3}
        self.dsn = f"postgres://u:{SECRET}@h"
        self.notes = [f"see https://u:{SECRET}@h/x"]
        self.gate = trio.Event()

    @cast
    async def wait(self) -> None:
        await self.gate.wait()

    @cast
    async def login(self, user: str, password: str, /, n: int = 0) -> None: ...

    @cast
    async def many(self, first: str, /, *tokens: Any, **secrets: Any) -> None: ...

    @cast
    @wrapped
    async def outer(self, user: str, passphrase: str) -> None: ...

    @cast
    async def set_password(self, value: str) -> None: ...

    @call.deferred
    async def later(self, caller: Caller[int], user: str, otp: str) -> None: ...

    async def handle_info(self, token: object) -> None: ...

    @cast
    async def crash(self) -> None:
        raise ValueError(f"https://me:{SECRET}@h refused: password={SECRET}")


class Door(StateMachine[str]):
    state = "shut"

    def __init__(self) -> None:
        self.gate = trio.Event()

    @cast
    async def wait(self) -> None:
        await self.gate.wait()

    @cast
    async def unlock(self, who: str, pwd: str) -> None: ...


def test_parameters_are_read_without_running_anything() -> None:
    class Odd:
        __signature__ = property(lambda self: 1 / 0)

        def __call__(self) -> None: ...

    assert parameters_of(Odd(), "op") == Parameters(all_of="op")
    assert parameters_of(None) == Parameters()
    assert parameters_of(Plain(1).__init__).positional == ("value",)  # type: ignore[misc]
    loop: Any = lambda: None  # noqa: E731
    loop.__wrapped__ = loop
    assert parameters_of(loop) == Parameters()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Every byte that leaves the node."""
    sent: list[bytes] = []
    original = trio.SocketStream.send_all

    async def send_all(self: Any, data: bytes) -> None:
        sent.append(bytes(data))
        await original(self, data)

    monkeypatch.setattr(trio.SocketStream, "send_all", send_all)
    return iter([sent])


@pytest.mark.trio
async def test_no_secret_is_in_any_byte_that_leaves_the_node(
    tmp_path: Path, autojump_clock: MockClock, heard: Iterator[list[bytes]]
) -> None:
    sent = next(heard)
    children = [
        child(Safe, id="safe"),
        child(Door, id="door"),
        child(Safe, id=f"x://u:{SECRET}@h"),
    ]
    async with open_supervisor(children, id="top") as sup, trio.open_nursery() as calls:
        safe, door = sup.server(Safe, "safe"), sup.server(Door, "door")
        third = sup.server(Safe, f"x://u:{SECRET}@h")
        third.cast(Safe.crash)
        await trio.testing.wait_all_tasks_blocked()
        safe.cast(Safe.wait)
        door.cast(Door.wait)
        await trio.testing.wait_all_tasks_blocked()
        safe.cast(Safe.login, "me", SECRET, n=5)
        safe.cast(Safe.many, "shown", SECRET, SECRET, extra=SECRET)
        outer: Any = Safe.outer
        safe.cast(outer, "me", SECRET)
        safe.cast(Safe.set_password, SECRET)
        safe.send(SECRET)
        calls.start_soon(safe.call, Safe.later, "me", SECRET)
        door.cast(Door.unlock, "me", SECRET)
        await trio.testing.wait_all_tasks_blocked()
        async with looking(tmp_path) as looker:
            detail = await looker.watch("top/safe", "mailbox", "state")
            other = await looker.watch("top/door", "mailbox", "state")
            for row in list(looker.session.rows.values()):
                parts = ("overview", "history", "stack", "links", "state")
                await looker.watch(row.path, *parts)
            looker.session.ask.metrics()
            await looker.until(lambda: looker.session.topics.metrics)
        calls.cancel_scope.cancel()
        assert detail.mailbox is not None
        assert other.mailbox is not None
        assert [letter.text for letter in detail.mailbox.letters] == [
            f"('me', {REDACTED}, n=5)",
            f"('shown', {REDACTED}, {REDACTED}, extra={REDACTED})",
            f"('me', {REDACTED})",
            f"({REDACTED})",
            f"({REDACTED})",
            f"('me', {REDACTED})",
        ]
        assert [letter.text for letter in other.mailbox.letters] == [
            f"('me', {REDACTED})"
        ]
    assert len(sent) > 10
    assert SECRET.encode() not in b"".join(sent)


@pytest.mark.trio
async def test_the_user_says_what_else_is_secret_and_what_is_not(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_SECRETS", "stock,other")
    async with open_supervisor([child(Safe, id="safe")], id="top"):
        options = {"secret_names": ["note"], "shown_names": ["dsn"]}
        async with looking(tmp_path, **options) as looker:
            state = (await looker.watch("top/safe", "state")).state
    assert state is not None
    assert f"stock = {REDACTED}" in state.text
    assert f"notes = {REDACTED}" in state.text
    assert f"dsn = 'postgres://u:{REDACTED}@h'" in state.text


def test_the_arguments_of_the_program_are_shown_without_secrets() -> None:
    script = (
        "from trio_sup.inspect.node.node_info import facts_of_process;"
        "print(dict(facts_of_process({}))['arguments'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--api-key", SECRET, "redis://:hunter2@h"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout == f"-c --api-key {REDACTED} redis://:{REDACTED}@h\n"
