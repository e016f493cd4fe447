"""One edit, from the file to the tree.

files         are others now: else there is nothing to do
syntax        is wrong: said once, and all goes on
modules       that changed, and that import them; or it cannot be done for them
import        fails: said once, and all goes on with the former ones
specification and plan, as by SIGHUP
survivors     have hold of something that is there twice now: it cannot be done
tree          is reconfigured; fails: all goes on with what was
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import trio
from attrs import frozen

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.code.edits import Edit, concerned
from trio_sup._core.code.following import NotFollowed
from trio_sup._core.code.former import first_use, from_modules, state_of_modules
from trio_sup._core.errors import SupervisionError, SupervisorStopping
from trio_sup._reloading.children import Renewed, held_by_survivors, renewed
from trio_sup._reloading.importing import ImportedAgain, check_syntax
from trio_sup._reloading.program import Own, Program
from trio_sup._reloading.watching import edits
from trio_sup._tree.load import LoadError
from trio_sup._tree.roots import Made, Whole, whole
from trio_sup._trio.folded import folded_traceback
from trio_sup._trio.log import Log

if TYPE_CHECKING:
    from trio_sup._core.reconfigured import ReconfigurePlan
    from trio_sup._tree.open import OpenSupervisor
    from trio_sup._tree.supervisor import Supervisor

_log = Log("trio_sup")


class _Whole(Exception):
    """The whole program has to begin anew; `str` says why."""


@frozen
class _Change:
    """What is to be done about a tree."""

    made: Whole | None
    """The new specification; None if it is not among what changed."""
    plan: ReconfigurePlan | None
    renewed: list[Renewed]

    def __str__(self) -> str:
        lines = (
            [str(self.plan)] if self.plan is not None and not self.plan.empty else []
        )
        lines += [f"! {each.record.path_text}: restart" for each in self.renewed]
        return "\n".join(lines)


class Reloader:
    """Gives a running tree the code that its files hold now.

    Args:
        module: The module that the specification stands in.
        make: Makes the specification from what is imported.
        folders: Where the program's files stand.
    """

    def __init__(
        self, module: str, make: Callable[[], Made], folders: Sequence[Path]
    ) -> None:
        self._module = module
        self._make = make
        self._folders = folders
        self._program = Program(folders)
        self._shown = ""
        self.whole: str = ""
        """Why the whole program is to begin anew; or nothing."""

    async def watch(self, tree: OpenSupervisor) -> None:
        """Reload with each edit, until the whole has to begin anew.

        Args:
            tree: The tree, as `run` opens it.
        """
        async with aclosing(edits(self._folders, trio.Event())) as seen:
            async for _ in seen:
                await self.reload(tree)
                if self.whole:
                    return

    async def reload(self, tree: OpenSupervisor) -> bool:
        """Take over what the files hold now; return whether anything was.

        Args:
            tree: The tree.
        """
        changed = self._program.changed()
        if not changed:
            return False
        try:
            check_syntax(changed)
            await self._take_over(tree, changed)
        except _Whole as why:
            self.whole = str(why)
            _log.warning("reload: the whole begins anew: %s", self.whole)
            tree.request_stop("reload")
            return False
        except SupervisorStopping:
            return False
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of the user's
            self._show(error)
            return False
        self._program.taken_over()
        self._shown = ""
        return True

    async def _take_over(self, tree: OpenSupervisor, changed: dict[str, Own]) -> None:
        root = tree.root
        if root is None or not root.record.running:
            raise _Whole("the tree has not started yet")
        own = self._program.own()
        edit = concerned(changed, self._program.loaded(own))
        if edit.whole:
            raise _Whole(edit.whole)
        _check_modules(edit, own)
        again = ImportedAgain(edit.again, own, self._program.own)
        again.carry_out()
        # What is new, or stands in another file: it was looked at by nobody yet.
        now = self._program.own()
        self._program.note(name for name, each in now.items() if own.get(name) != each)
        try:
            change = self._change(root, edit, again)
            _log.warning("reload: %s\n%s", ", ".join(edit.changed), str(change))
            if change.made is not None:
                await root.reconfigure(change.made)
        except BaseException:
            again.take_back()
            raise
        async with trio.open_nursery() as nursery:
            for each in change.renewed:
                nursery.start_soon(_begin, each)

    def _change(self, root: Supervisor, edit: Edit, again: ImportedAgain) -> _Change:
        made = whole(self._make()) if self._module in edit.again else None
        plan = None if made is None else root.plan(made)
        try:
            anew = renewed(root.record, plan, edit.again)
        except NotFollowed as why:
            raise _Whole(str(why)) from why
        before = {name: vars(module) for name, module in again.former.items()}
        own = self._program.own()
        after = {name: vars(own[name].module) for name in before if name in own}
        recognised = (from_modules(edit.again), state_of_modules(before, after))
        held = held_by_survivors(
            root.record, plan, {each.record for each in anew}, recognised
        )
        if held:
            raise _Whole(held)
        return _Change(made, plan, anew)

    def _show(self, error: BaseException) -> None:
        """Say once what is wrong, and where."""
        text = _words(error)
        if text != self._shown:
            self._shown = text
            _log.error("not reloaded, the former code goes on:\n%s", text)


def _check_modules(edit: Edit, own: dict[str, Own]) -> None:
    """Refuse what a module keeps of others that it does not import."""
    recognise = from_modules(edit.again)
    for name, each in own.items():
        if name in edit.again:
            continue
        values = [v for n, v in vars(each.module).items() if not n.startswith("__")]
        found, _ = first_use(values, (recognise,))
        if found:
            raise _Whole(f"{name} goes on, and keeps {found}")


async def _begin(each: Renewed) -> None:
    try:
        await each.begin()
    except SupervisionError as error:
        _log.error("reload: %s: %s", each.record.path_text, error)


def _words(error: BaseException) -> str:
    if isinstance(error, LoadError):
        return f"{error.place}\n{error}".strip()
    if isinstance(error, SupervisionError | ChildSpecError):
        return str(error)
    if isinstance(error, SyntaxError):  # it names the place itself
        return "".join(traceback.format_exception_only(error)).rstrip()
    return folded_traceback(error)
