"""Secrets stay in the node: by their names, in texts, and in whatever shape."""

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
from trio_sup.inspect.node.bounds import clip
from trio_sup.inspect.node.masking import (
    REDACTED,
    mask_arguments,
    mask_known,
    mask_report,
    mask_text,
)
from trio_sup.inspect.node.render import (
    render,
    render_attributes,
    render_call,
    render_line,
)
from trio_sup.inspect.node.render_names import Parameters, parameters_of
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames

SECRET = "hunter2"

# --- names ----------------------------------------------------------------------

SECRET_NAMES = """
password passwd pwd pass pw PGPASSWORD mysqlpwd db_pass passphrase passcode password1
api_key apiKey api-key x_api_key X-API-KEY APIKEY xApiKey api.key
access_key aws_secret_access_key secretAccessKey private_key privateKey ssh_key
auth authorization Authorization proxy-authorization authToken auth_token basicauth
httpAuth oauth OAuth2 oauth_token bearer bearerToken jwt id_jwt jwt_cookie otp totp
otp_code dsn SENTRY_DSN sentryDsn secret client_secret secrets token tokens accessToken
refresh_token csrf_token credential credentials creds aws_credentials cookie cookies
Set-Cookie session session_id sessionid sessionId PHPSESSID session_key sid
_Server__password user.password user/password connection_string
"""
FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "password")
PLAIN_NAMES = """
author authority authors authored user username name path passenger bypass compass
passed passes tokenizer tokenize secretary monkey key keyboard public_key keys foreign
primary_key sort_key cwd id pid address port host url adopt adoption hotel laptop
"""


@pytest.mark.parametrize("name", [*SECRET_NAMES.split(), "api key", FULL_WIDTH])
def test_what_sounds_like_a_secret_is_one_in_every_spelling(name: str) -> None:
    assert DEFAULT.hides(name)
    assert DEFAULT.hides(name, SECRET)
    assert DEFAULT.hides(name, 123456)


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_other_words_are_none(name: str) -> None:
    assert not DEFAULT.hides(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokens_per_second", "tokenCount", "password_changed"]
)
def test_a_number_that_counts_or_measures_is_shown_and_a_text_is_not(name: str) -> None:
    assert not DEFAULT.hides(name, 5)
    assert not DEFAULT.hides(name, 5.0)
    assert DEFAULT.hides(name, "5")
    assert DEFAULT.hides("otp", 5)


def test_the_user_adds_names_and_takes_names_away() -> None:
    names = SecretNames(["iban", "Customer-No", ""], ["session", "Token Bucket"])
    assert all(map(names.hides, ["iban", "customerIban", "IBAN2", "customer_no"]))
    assert not names.hides("session")
    assert not names.hides("tokenBucket")
    assert names.hides("session_id")
    assert names.hides("password")
    assert not names.hides("name")


def test_what_was_judged_is_remembered_within_bounds() -> None:
    names = SecretNames()
    for number in range(20_000):
        names.hides(f"name{number}" + "x" * 1000 * (number % 2))
    known: dict[str, bool] = vars(names)["_known"]
    assert len(known) <= 4096
    assert max(map(len, known)) <= 300


# --- texts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:hunter2@h/db", f"postgres://u:{REDACTED}@h/db"),
        ("redis://:hunter2@h", f"redis://:{REDACTED}@h"),
        ("x://u:hun@ter2/hunter2@h", f"x://u:{REDACTED}@h"),
        ("x://u:hun/ter2?hunter2#@h", f"x://u:{REDACTED}@h"),
        ("x://u:hun 'ter2 hunter2@h", f"x://u:{REDACTED}@h"),
        ("x://u:1234@h", f"x://u:{REDACTED}@h"),
        ("https://hunter2@github.com", f"https://{REDACTED}@github.com"),
        ("https://hunter2:x-oauth-basic@h", f"https://{REDACTED}@h"),
        ("a://b:hunter2@c d://e:hunter2@f", f"a://b:{REDACTED}@c d://e:{REDACTED}@f"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("http://localhost:8000/users/me@x", "http://localhost:8000/users/me@x"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("no://where", "no://where"),
        ("Bearer hunter2hunter2", f"Bearer {REDACTED}"),
        ("eyJhbGciOi.eyJzdWIiOi.abc", REDACTED),
        ("sk-abcdefghijklmnopqrst", REDACTED),
    ],
)
def test_passwords_of_urls_and_tokens_that_show_what_they_are(
    text: str, shown: str
) -> None:
    for mask in (mask_text, mask_report):
        assert mask(text, DEFAULT) == shown
    assert clip(text, 500) == shown or "://" not in text
    assert mask_text(f"see {text}\nnext", DEFAULT) == f"see {shown}\nnext"


@pytest.mark.parametrize(
    "text",
    [
        "host=h password=hunter2 user=u",
        "?access_token=hunter2&x=1",
        '{"password": "hunter2", "a": 1}',
        '{"a": {"apiKey":"hun\\"hunter2"}}',
        "{'token': 'hunter2'}",
        'name="x" secret="a hunter2"',
        "Authorization: Digest hunter2",
        "Cookie: a=b; hunter2\r\nHost: x",
        "X-Api-Key:hunter2",
        "cmd --password hunter2 --user me",
        "cmd --token=hunter2",
        "DB_PASSWORD = hunter2",
        r'"{\"password\": \"hunter2\"}"',
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
    ],
)
def test_what_a_text_says_after_a_secret_name_is_hidden(text: str) -> None:
    assert SECRET not in mask_text(text, DEFAULT)
    assert SECRET not in render(text)
    assert SECRET not in render(text.encode())
    assert SECRET not in render([{"x": bytearray(text.encode())}])


def test_a_report_keeps_its_prose_and_its_source_lines() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "shop.py", line 3, in go\n'
        "    token = self.next(token=token)\n"
        "    login(password='hunter2')\n"
        "ValueError: unexpected token: end of file"
    )
    assert mask_report(text, DEFAULT) == text.replace("'hunter2'", REDACTED)
    assert SECRET not in mask_report("KeyError: password=hunter2", DEFAULT)


def test_a_secret_that_is_cut_in_the_middle_is_hidden_as_well() -> None:
    for size in range(100, 1400, 7):
        text = "x" * size + " postgres://u:" + SECRET * 400 + "@host password=" + SECRET
        assert SECRET[:3] not in render(text)
        assert SECRET[:3] not in clip(text, 200)
        assert SECRET[:3] not in mask_known(text[: size + 30], cut=True)


@pytest.mark.parametrize(
    "piece", ["a://b:", "password=", "password='", "eyJ", "a", "-", "Bearer ", "a.://@"]
)
def test_masking_takes_time_in_proportion_to_the_text(piece: str) -> None:
    """Counted in lines executed: what the patterns do is bounded by their form."""
    counts: list[int] = []
    for repeat in (100, 200):
        steps = 0

        def count(frame: object, event: str, arg: object) -> Any:
            nonlocal steps
            steps += 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            mask_text(piece * repeat + "@", DEFAULT)
        finally:
            sys.settrace(before)
        counts.append(steps)
    assert counts[1] <= 3 * counts[0]


def test_a_command_line_is_shown_without_its_secrets() -> None:
    words = ["app", "--password", SECRET, "-v", "--token=hunter2", "x://u:hunter2@h"]
    shown = mask_arguments(words, DEFAULT)
    assert (
        shown == f"app --password {REDACTED} -v --token={REDACTED} x://u:{REDACTED}@h"
    )
    assert SECRET not in render(words)


# --- shapes ---------------------------------------------------------------------


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


# --- parameters -----------------------------------------------------------------


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
