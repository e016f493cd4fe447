"""The application: one node at a time, over one connection.

`main` is what ``trio-sup inspect`` calls.
"""

from __future__ import annotations

import locale
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from attrs import field, frozen
from textual.app import App, SystemCommand
from textual.binding import Binding

from trio_sup.inspect.client.session import Session
from trio_sup.inspect.finding.directory import (
    DiscoveryError,
    places_text,
    runtime_dirs,
)
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.model.order import ORDERS
from trio_sup.inspect.text.clean import clean
from trio_sup.inspect.text.terminal import shows_unicode
from trio_sup_inspector.connection import POLL, Connection, Target
from trio_sup_inspector.keys import KeymapError, keymap_path, load_keymap, shown_keys
from trio_sup_inspector.screens.act import Ask, act
from trio_sup_inspector.screens.act_many import act_on_many
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.screens.ending import heed_signals
from trio_sup_inspector.screens.help import Help
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.screens.nodes import Nodes
from trio_sup_inspector.state.node import RATES, NodeState
from trio_sup_inspector.theme import DARK, LIGHT
from trio_sup_inspector.widgets.paint import ROLE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.timer import Timer

    from trio_sup.inspect.finding.found_node import FoundNode

Color: TypeAlias = Literal["auto", "always", "never"]

EXIT_USAGE: Final = 2


@frozen
class Settings:
    """How the application appears and behaves."""

    plain: bool = False
    """ASCII only."""
    rate: float = 4.0
    """Refreshes a second, 1 to 10."""
    control: bool = False
    """Whether to ask nodes for leave to act."""
    keymap: Mapping[str, str] = field(factory=dict["str", "str"])
    """Action ids to keys."""
    clock: Callable[[], float] = time.monotonic
    """A steady clock in seconds."""
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    jitter: Callable[[], float] = lambda: time.time() % 1.0
    """0 to 1: spreads the attempts to reconnect."""
    poll: float = POLL
    """Seconds after which a silent connection, or a due attempt, is noticed."""
    ticking: bool = True
    """False: nothing is refreshed but by `InspectorApp.tick`."""


class InspectorApp(App[int]):
    """The inspector.

    Args:
        target: The node; with `wanted` None the only one that runs, or a choice.
        settings: How it appears.
        no_color: Send no colours: bold, reverse and glyphs carry the meaning.
    """

    CSS_PATH = "inspector.tcss"
    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES}
    TITLE = "trio-sup"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", show=False, priority=True, system=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        target: Target,
        settings: Settings | None = None,
        *,
        no_color: bool | None = None,
    ) -> None:
        if no_color is None:
            no_color = "NO_COLOR" in os.environ
        elif no_color:
            os.environ["NO_COLOR"] = "1"
        else:
            os.environ.pop("NO_COLOR", None)
        # In any other mode NO_COLOR makes greys of colours, errors the darkest.
        super().__init__(ansi_color=True if no_color else None)
        self.target = target
        self.settings = settings or Settings()
        self.connection: Connection | None = None
        self.main: MainScreen | None = None
        self._timer: Timer | None = None
        self.set_keymap(dict(self.settings.keymap))

    # --- life --------------------------------------------------------------

    def on_mount(self) -> None:
        """Attach to the node that is meant, or ask which."""
        heed_signals(self.exit)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self._start_timer(self.settings.rate)
        if self.target.wanted is not None:
            self.attach(self.target)
        else:
            self._attach_or_choose()

    def _attach_or_choose(self) -> None:
        try:
            running = [n for n in list_nodes(self.target.directory) if n.running]
        except DiscoveryError:
            running = []
        if len(running) == 1:
            self.attach(self._target(running[0]))
        else:
            self._pick(sole=True)

    def _target(self, node: FoundNode) -> Target:
        return Target(self.target.directory, str(node.socket))

    def attach(self, target: Target) -> None:
        """Show another node, or the same one from the beginning."""
        settings = self.settings
        session = Session(
            client="trio-sup inspect",
            rate_hz=settings.rate,
            control=settings.control,
        )
        state = NodeState(session)
        connection = Connection(
            session, target, settings.clock, settings.jitter, settings.poll
        )
        if settings.ticking:
            # The first rows are not to wait for the next tick.
            connection.notify = partial(self.call_later, self.tick)
        where = target.wanted or places_text(target.directory)
        screen = MainScreen(
            state,
            clock=settings.clock,
            plain=settings.plain,
            where=where,
            connection=connection,
        )
        self.connection = connection
        if self.main is None:
            self.push_screen(screen)
        else:
            self.switch_screen(screen)  # pyright: ignore[reportUnknownMemberType]
        self.main = screen
        self.run_worker(
            connection.run(), group="net", exclusive=True, exit_on_error=False
        )

    def _start_timer(self, rate: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self.settings.ticking:
            self._timer = self.set_interval(1.0 / rate, self.tick)

    def tick(self) -> None:
        """Take what was heard and paint it: at most once a tick."""
        screen = self.main
        if screen is None or not screen.is_mounted:
            return
        screen.state.absorb(self.settings.clock())
        if screen.is_current:
            screen.refresh_view()
        if self.connection is not None:
            self.connection.flush()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in a corner: whatever is quoted is text, and clean."""
        del markup  # Textual's default; nothing here is written in it.
        super().notify(
            clean(message),
            title=clean(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    # --- actions -----------------------------------------------------------

    def action_nodes(self) -> None:
        """Choose another node."""
        self._pick(sole=False)

    def _pick(self, *, sole: bool) -> None:
        def chosen(node: FoundNode | None) -> None:
            if node is not None:
                self.attach(self._target(node))

        session = self.connection.session if self.connection is not None else None
        met = session.node if session is not None else None
        present = None if self.main is None else met.pid if met is not None else 0
        screen = Nodes(
            self.target.directory,
            wall=self.settings.wall,
            plain=self.settings.plain,
            present=present,
            sole=sole,
        )
        self.push_screen(screen, chosen)

    def action_sort(self) -> None:
        """Choose by what the process list is sorted."""
        screen = self.main
        if screen is None:
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                screen.state.order = ORDERS[index]
                screen.state.reverse = False
                screen.body.go_to("list")

        at = ORDERS.index(screen.state.order)
        titles = [order.title for order in ORDERS]
        menu = Choose("Sort processes by", titles, at)
        menu.set_class(self.settings.plain, "-plain")
        self.push_screen(menu, chosen)

    def action_rate(self, step: int) -> None:
        """Refresh more or less often."""
        if self.connection is None:
            return
        session = self.connection.session
        at = min(range(len(RATES)), key=lambda n: abs(RATES[n] - session.ask.rate_hz))
        rate = RATES[min(max(at + step, 0), len(RATES) - 1)]
        session.ask.rate(rate)
        self.connection.flush()
        self._start_timer(rate)
        self.notify(f"{rate:g} refreshes a second", timeout=2)

    def action_act(self) -> None:
        """Act on the marked children, or on the one under the cursor and the node."""
        screen = self.main
        if screen is None or self.connection is None:
            return
        state = screen.state
        row = state.row(screen.lists.pointed())
        marked = [state.model.rows[id] for id in state.marks if id in state.model.rows]

        def say(text: str, good: bool) -> None:
            state.said = (text, good, self.settings.clock())
            self.tick()

        ask = Ask(self, self.connection, self.settings.plain)
        # Whatever goes wrong in there must not end the inspector.
        self.run_worker(
            act_on_many(ask, marked, say) if marked else act(ask, row, say),
            group="act",
            exclusive=True,
            exit_on_error=False,
        )

    def action_retry(self) -> None:
        """Connect now; after a refusal, from the beginning."""
        if self.connection is None:
            return
        if self.connection.session.refused:
            self.attach(self.connection.target)
        else:
            self.connection.retry()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(
            Help(
                self.settings.keymap,
                keymap_file=str(keymap_path()),
                plain=self.settings.plain,
            )
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands of the palette: Textual's own, and every named action."""
        # Textual leaves the type of its screens open.
        yield from super().get_system_commands(screen)  # pyright: ignore[reportUnknownMemberType]
        if not isinstance(screen, MainScreen):
            return
        for binding in MainScreen.BINDINGS:
            if isinstance(binding, Binding) and binding.description:
                yield SystemCommand(
                    binding.description.capitalize(),
                    f"key {shown_keys(binding, self.settings.keymap)}",
                    self._runner(screen, binding.action),
                )

    def _runner(self, screen: Screen[Any], action: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(screen.run_action, action)

        return run


# --- the way in --------------------------------------------------------------


def speaks_unicode() -> bool:
    """Whether the locale's encoding can show more than ASCII."""
    return shows_unicode(locale.getpreferredencoding(False), os.environ)


def settings_for(
    *, plain: bool | None, rate: float, control: bool = False
) -> Settings | int:
    """The user's settings; or an exit code, after a line on stderr."""
    try:
        keymap = load_keymap(keymap_path())
    except KeymapError as error:
        sys.stderr.write(f"trio-sup: {error}\n")
        return EXIT_USAGE
    return Settings(
        plain=not speaks_unicode() if plain is None else plain,
        rate=min(max(rate, RATES[0]), RATES[-1]),
        keymap=keymap,
        control=control,
    )


def run_app(
    socket: Path | str | None = None,
    *,
    directory: Path | None = None,
    plain: bool | None = None,
    color: Color = "auto",
    rate: float = 4.0,
    control: bool = False,
) -> int:
    """Show a node until the user quits.

    Args:
        socket: The path of a node's socket, a node's name or process id, or
            ``ssh://host/node``; None for the only one that runs, or a choice.
        directory: Where nodes are looked for; this user's own directory if None.
        plain: ASCII only; None to go by the locale.
        color: ``auto`` sends none if ``NO_COLOR`` is set.
        rate: Refreshes a second, 1 to 10.
        control: Whether to ask nodes for leave to act.

    Returns:
        0; or 2, with a line on stderr, for a keymap file that cannot be used.
    """
    settings = settings_for(plain=plain, rate=rate, control=control)
    if isinstance(settings, int):
        return settings
    target = Target(
        runtime_dirs() if directory is None else directory,
        None if socket is None else str(socket),
    )
    no_color = {"auto": None, "always": False, "never": True}[color]
    return InspectorApp(target, settings, no_color=no_color).run() or 0


def main(
    socket: Path | str | None = None,
    *,
    plain: bool | None = None,
    color: Color = "auto",
    rate: float = 4.0,
    control: bool = False,
) -> int:
    """What ``trio-sup inspect`` calls; see `run_app`."""
    return run_app(socket, plain=plain, color=color, rate=rate, control=control)
