"""What to run, and as what: frozen plain data, checked when it is made."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from trio_sup._core.checks import ChildSpecError

Word: TypeAlias = "str | os.PathLike[str]"
"""One word of a command line."""
Limit: TypeAlias = "float | tuple[float, float]"
"""A limit, or the soft and the hard one; `math.inf` for none."""


class CommandOptions(TypedDict, total=False):
    """How a program is run; for `process` and `command`.

    Attributes:
        cwd: Its directory; by default that of the node.
        env: What is added to the environment of the node; None as a value takes a
            variable away.
        user: A user's name or number, which needs the right to become that user; its
            groups come with it.
        group: A group's name or number, in place of the user's own.
        nice: Its niceness, from -20 to 19.
        limits: What `ulimit` sets, by the names of the ``resource`` module in lower
            case: ``{"nofile": 1024, "as": 2**30, "core": 0}``. A pair is the soft and
            the hard limit.
        umask: Which rights its files do not get.
        new_session: Whether it has a session of its own, without a terminal; by default
            only a process group of its own.
    """

    cwd: Word | None
    env: Mapping[str, str | None] | None
    user: str | int | None
    group: str | int | None
    nice: int | None
    limits: Mapping[str, Limit] | None
    umask: int | None
    new_session: bool


OF_A_COMMAND: Final = CommandOptions.__optional_keys__


@frozen(kw_only=True)
class Command:
    """What to run; made by `command`, or inside of `process`."""

    argv: tuple[str, ...]
    """The program and its arguments."""
    cwd: str | None = None
    env: tuple[tuple[str, str | None], ...] = field(
        default=(), repr=lambda pairs: repr([name for name, _ in pairs])
    )
    """What is added to the environment."""
    user: str | int | None = None
    group: str | int | None = None
    nice: int | None = None
    limits: tuple[tuple[str, int, int], ...] = ()
    """Name, soft and hard limit of each."""
    umask: int | None = None
    new_session: bool = False

    @property
    def name(self) -> str:
        """The program's name, without its directory."""
        return os.path.basename(self.argv[0]) or self.argv[0]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment that the program gets, as things are now.

        Args:
            more: What the node has to tell the program.
        """
        made = dict(os.environ)
        for name, value in (*self.env, *(more or {}).items()):
            if value is None:
                made.pop(name, None)
            else:
                made[name] = value
        return made


def command(program: Word, *args: Word, **options: Unpack[CommandOptions]) -> Command:
    """Describe a program to run. Nothing runs yet.

    Args:
        program: Its path, or its name, which is looked for in the `PATH`.
        args: Its arguments. There is no shell: ``"sh", "-c", "..."`` if you need one.
        options: Those of `CommandOptions`: `cwd`, `env`, `user`, `group`, `nice`,
            `limits`, `umask`, `new_session`.

    Raises:
        ChildSpecError: an invalid value.
        TypeError: no option of a program.
    """
    unknown = options.keys() - OF_A_COMMAND
    if unknown:
        raise TypeError(
            f"command() got an unexpected keyword argument {min(unknown)!r}; it takes "
            f"{', '.join(sorted(OF_A_COMMAND))}"
        )
    return make_command(program, args, options, None)


def make_command(
    program: Word, args: Sequence[Word], options: Mapping[str, Any], owner: object
) -> Command:
    """As `command`, by options whose names have been checked."""
    argv = tuple(_word(word, owner) for word in (program, *args))
    if not argv[0]:
        raise ChildSpecError("program", program, "the name or path of one", owner)
    cwd = options.get("cwd")
    return Command(
        argv=argv,
        cwd=None if cwd is None else _word(cwd, owner, "cwd"),
        env=_env(options.get("env"), owner),
        user=_who("user", options.get("user"), owner),
        group=_who("group", options.get("group"), owner),
        nice=_whole("nice", options.get("nice"), -20, 19, owner),
        limits=_limits(options.get("limits"), owner),
        umask=_whole("umask", options.get("umask"), 0, 0o777, owner),
        new_session=_flag("new_session", options.get("new_session", False), owner),
    )


def _word(word: object, owner: object, name: str = "args") -> str:
    accepted = "text or a path, without a null character"
    try:
        text = os.fspath(word)  # type: ignore[call-overload]  # it raises else
    except TypeError:
        text = None
    if not isinstance(text, str) or "\0" in text:
        if name == "args" and isinstance(word, int | float):
            accepted += f" (write str({word!r}))"
        raise ChildSpecError(name, word, accepted, owner)
    return text


def _env(value: object, owner: object) -> tuple[tuple[str, str | None], ...]:
    accepted = "a dict of names and texts (or None, to take a variable away)"
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise ChildSpecError("env", value, accepted, owner)
    pairs: Mapping[object, object] = value
    for name, text in pairs.items():
        if not isinstance(name, str) or not name or {"=", "\0"} & set(name):
            raise ChildSpecError("env", name, accepted, owner)
        # The value is not shown: it may be a secret.
        if not (text is None or (isinstance(text, str) and "\0" not in text)):
            told = f"{name}=<{type(text).__name__}>"
            raise ChildSpecError("env", told, accepted, owner)
    return tuple(value.items())


def _who(name: str, value: object, owner: object) -> str | int | None:
    if value is None or (isinstance(value, str) and value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ChildSpecError(name, value, "a name or a number >= 0", owner)


def _whole(
    name: str, value: object, least: int, most: int, owner: object
) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and isinstance(value, int) and least <= value <= most):
        shown = f"a whole number from {least} to {most}"
        if name == "umask":
            shown = "a number from 0 to 0o777"
        raise ChildSpecError(name, value, shown, owner)
    return value


def _flag(name: str, value: object, owner: object) -> bool:
    if not isinstance(value, bool):
        raise ChildSpecError(name, value, "True or False", owner)
    return value


def _limits(value: object, owner: object) -> tuple[tuple[str, int, int], ...]:
    if value is None:
        return ()
    # Here, as there is none on every platform.
    import resource  # noqa: PLC0415

    known = sorted(
        name.removeprefix("RLIMIT_").lower()
        for name in vars(resource)
        if name.startswith("RLIMIT_")
    )
    if not isinstance(value, Mapping):
        raise ChildSpecError("limits", value, "a dict, such as {'nofile': 1024}", owner)
    made: list[tuple[str, int, int]] = []
    pairs: Mapping[object, object] = value
    for name, limit in pairs.items():
        if not isinstance(name, str) or name not in known:
            raise ChildSpecError("limits", name, f"of {', '.join(known)}", owner)
        both: tuple[Any, ...] = limit if isinstance(limit, tuple) else (limit, limit)
        if len(both) != 2 or not all(map(_is_limit, both)):
            accepted = "whole numbers >= 0, pairs of them, or math.inf"
            raise ChildSpecError("limits", {name: limit}, accepted, owner)
        soft, hard = (
            resource.RLIM_INFINITY if one == math.inf else int(one) for one in both
        )
        made.append((name, soft, hard))
    return tuple(made)


def _is_limit(value: object) -> bool:
    if value == math.inf:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
