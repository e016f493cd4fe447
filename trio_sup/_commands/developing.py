"""``trio-sup run --reload``: what it does beyond `run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from trio_sup._commands.command import EXIT_INTERRUPTED, EXIT_USAGE, CommandError
from trio_sup._commands.extras import from_extra
from trio_sup._commands.output import complain
from trio_sup._core.extras import how_to_install

if TYPE_CHECKING:
    import argparse

    from trio_sup._core.specs import ChildSpec
    from trio_sup._tree.run import How


def check_installed(args: argparse.Namespace) -> None:
    """Refuse if the extra is missing, or a folder.

    Raises:
        CommandError: it is.
    """
    if from_extra("watchfiles", "watchfiles", "anyio") is None:
        raise CommandError(
            f"--reload needs watchfiles, which is not installed\n"
            f"{how_to_install('reload')}",
            EXIT_USAGE,
        )
    _folders(args)


def run(args: argparse.Namespace, spec: ChildSpec[Any], how: How) -> int:
    """Run a tree, and let it follow the files; a tree that gave up waits for one."""
    from attrs import evolve

    import trio_sup
    from trio_sup._reloading.reloader import Reloader
    from trio_sup._tree.run import run_as

    folders = _folders(args)
    module = args.spec.partition(":")[0]
    assert how.reload is not None
    reloader = Reloader(module, how.reload, folders)
    complain(f"watching {', '.join(map(str, folders))} for edits")
    try:
        run_as(spec, evolve(how, beside=reloader.watch))
    except (trio_sup.RestartLimitExceeded, trio_sup.StartFailed) as error:
        return wait(args, str(error))
    return begin_anew() if reloader.whole else 0


def wait(args: argparse.Namespace, why: str) -> int:
    """Say why nothing runs, and begin anew when a file has been edited."""
    from trio_sup._reloading.watching import wait_for_an_edit

    complain(why)
    if not wait_for_an_edit(_folders(args), lambda: complain("waiting for an edit")):
        return EXIT_INTERRUPTED
    return begin_anew()


def begin_anew() -> NoReturn:
    """Become this command once more, with nothing imported yet."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def _folders(args: argparse.Namespace) -> list[Path]:
    folders = [Path(word) for word in args.reload_dir] or [Path.cwd()]
    for folder in folders:
        if not folder.is_dir():
            raise CommandError(f"--reload-dir: {folder} is no directory", EXIT_USAGE)
    return folders
