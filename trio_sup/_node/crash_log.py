"""How events are written to the log: crashes with what helps, and once.

The rule here: a crash that is like the last one of the same child is one line.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any, Final

from attrs import field, frozen

from trio_sup._core.anatomy import before, is_a, is_showable, traceback_of
from trio_sup._core.clean import clean
from trio_sup._core.ends import end_of_process, is_good_end
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.exits import describe_error
from trio_sup._core.long_memory import TELLS_AN_END
from trio_sup._trio.folded import folded_traceback
from trio_sup._trio.log import Log, known_levels
from trio_sup._trio.stacks import format_error

REMEMBERED: Final = 512
"""Of how many children the last crash is remembered."""

CAUSES: Final = 8
"""How many causes of an exception are compared."""

log = Log("trio_sup")
is_logged = log.logger.isEnabledFor
known_as: Final = known_levels(log.logger).get
"""What the logger has noted already of a level: False if it is not logged."""


def _check_limit(_: object, __: object, limit: Any) -> None:
    whole = isinstance(limit, int) and not isinstance(limit, bool)
    if limit is not None and (not whole or limit < 1):
        raise ValueError(f"limit must be a whole number >= 1, or None, not {limit!r}")


def _check_seconds(_: object, __: object, seconds: Any) -> None:
    if not seconds >= 0:
        raise ValueError(f"again_after must be seconds >= 0, not {seconds!r}")


def _as_level(level: int | str) -> int:
    number: object = level
    if isinstance(level, str):
        number = logging.getLevelNamesMapping().get(level)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"level must be one of logging's levels, not {level!r}")
    return number


@frozen(kw_only=True)
class CrashLog:
    """How crashes are logged; give it to `run`, `serve`, or `Node.crash_log`.

    Raises:
        ValueError: no level, or a negative number.
    """

    level: int = field(default=logging.ERROR, converter=_as_level)
    """The level of crashes, of failed starts, and of ends whose clean-up raised; also by
    its name, as ``"WARNING"``."""
    limit: int | None = field(default=None, validator=_check_limit)
    """How many frames of a traceback are shown, the innermost; None for all."""
    fold: bool = True
    """Whether the frames of trio-sup and of Trio are folded, and whether a crash like
    the last one of the same child is one line, "same as life 1"."""
    again_after: float = field(default=600.0, validator=_check_seconds)
    """Seconds after which a crash is shown in full again, though it is the same."""


_Place = tuple[object, ...]


class Telling:
    """Writes the events of one node."""

    def __init__(self) -> None:
        self.style: CrashLog = CrashLog()
        # By path: what the last crash that was shown in full looked like, its life, when.
        self._shown: OrderedDict[str, tuple[_Place, int, float]] = OrderedDict()

    def write(self, event: LifecycleEvent, level: int) -> None:
        """Write one event to the log."""
        error = event.exit.error if isinstance(event, TELLS_AN_END) else None
        if error is not None and not is_a(error, Exception):
            end = end_of_process(error)
            if end is not None:
                # As Python has it, `sys.exit()` and Ctrl-C are no crash to be traced.
                level, error = _level_of_end(end), None
                if not is_logged(level):
                    return
        text: str = clean(event.summary)  # an exception's text may hold anything
        shown = trace = None
        if error is not None:
            if self.style.fold:
                former = self._same_as(event, error)
                if former:
                    text, error = f"{text}, same as life {former}", None
            if error is not None and is_showable(error):
                shown = type(error), error, traceback_of(error)
                trace = self._trace(error)
            elif error is not None:  # handlers would never be done with it, or raise
                text += "\n" + format_error(error)
        extra: dict[str, object] = {"trio_sup_event": event}
        log.log(level, "%s", text, exc_info=shown, extra=extra, exc_text=trace)

    def _trace(self, error: BaseException) -> str | None:
        """Return the text of a traceback; None leaves it to the log's handlers."""
        if not self.style.fold:
            return None
        try:
            return folded_traceback(error, self.style.limit)
        except Exception:  # noqa: BLE001 - the exception's own code
            return None

    def _same_as(self, event: LifecycleEvent, error: BaseException) -> int:
        """Return the life whose crash was shown in full and is the same, or 0."""
        place = _place(error)
        known = self._shown.get(event.path)
        if known is not None:
            former, life, at = known
            recent = event.at - at < self.style.again_after
            if former == place and life < event.life and recent:
                self._shown.move_to_end(event.path)
                return life
        self._shown[event.path] = (place, event.life, event.at)
        self._shown.move_to_end(event.path)
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return 0


def _level_of_end(end: SystemExit | KeyboardInterrupt) -> int:
    pressed = is_a(end, KeyboardInterrupt)
    return logging.INFO if pressed or is_good_end(end) else logging.ERROR


def _place(error: BaseException) -> _Place:
    """What makes two crashes the same: the errors' words, and where they came from."""
    found: list[object] = []
    one: BaseException | None = error
    for _ in range(CAUSES):
        if one is None:
            break
        found.append(describe_error(one))
        trace = traceback_of(one)
        while trace is not None:
            code = trace.tb_frame.f_code
            found.append((code.co_filename, code.co_name, trace.tb_lineno))
            trace = trace.tb_next
        cause, context = before(one)
        one = cause if cause is not None else context
    return tuple(found)
