"""Modules are imported again: all of them, or none.

Each is a new module beside the former one. So who goes on with former code has all of
it, and if one cannot be imported, the former ones are put back as if nothing had been.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from trio_sup._reloading.program import Own


def check_syntax(changed: Mapping[str, Own]) -> None:
    """Compile what changed.

    Raises:
        SyntaxError: one is not Python.
        ValueError: or no text at all.
    """
    for own in changed.values():
        if not own.compiled and own.file.exists():
            compile(own.file.read_bytes(), str(own.file), "exec", dont_inherit=True)


class ImportedAgain:
    """Modules in the place of former ones.

    Args:
        names: Which, in the order to import them.
        own: The program's own modules, before.
        own_now: Returns them as they are now.
    """

    def __init__(
        self,
        names: Sequence[str],
        own: Mapping[str, Own],
        own_now: Callable[[], Mapping[str, Own]],
    ) -> None:
        self._own = own
        self._own_now = own_now
        self.former: dict[str, ModuleType] = {n: own[n].module for n in names}

    def carry_out(self) -> None:
        """Import them; if that fails, all is as before.

        Raises:
            BaseException: whatever a module raises.
        """
        importlib.invalidate_caches()
        for name, former in self.former.items():
            _forget_compiled(self._own[name])
            if sys.modules.get(name) is former:
                del sys.modules[name]
            # Else `from package import module` finds it there.
            above, _, last = name.rpartition(".")
            if getattr(sys.modules.get(above), last, None) is former:
                delattr(sys.modules[above], last)
        try:
            for name in self.former:
                if self._own[name].file.exists():
                    importlib.import_module(name)
                    self._keep_modules_below(name)
        except BaseException:
            self.take_back()
            raise
        linecache.checkcache()

    def take_back(self) -> None:
        """Put the former modules back, and forget what came with the new ones."""
        for name in self._own_now():
            if name in self.former or name not in self._own:
                sys.modules.pop(name, None)
        former = {name: self.former[name] for name in self._own if name in self.former}
        sys.modules.update(former)  # in the order in which they were done
        for name, module in former.items():
            above, _, last = name.rpartition(".")
            if above in sys.modules:
                setattr(sys.modules[above], last, module)

    def _keep_modules_below(self, name: str) -> None:
        """A new package has those of its modules that were not imported again, too."""
        package = sys.modules[name]
        for other, own in self._own.items():
            above, _, last = other.rpartition(".")
            stays = above == name and other not in self.former
            if stays and not hasattr(package, last):
                setattr(package, last, own.module)


def _forget_compiled(own: Own) -> None:
    """What was compiled is taken for valid by time in seconds and by length."""
    try:
        cached = importlib.util.cache_from_source(str(own.file))
    except (NotImplementedError, ValueError):
        return
    try:
        os.unlink(cached)
    except OSError:
        pass
