"""The application: one node at a time, over one connection.

`main` is what ``trio-sup inspect`` calls.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from textual.binding import Binding

from trio_sup.inspect.client.session import Session
from trio_sup.inspect.finding.directory import (
    DiscoveryError,
    places_text,
    runtime_dirs,
)
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.text.clean import clean
from trio_sup_inspector.connection import Connection, Target
from trio_sup_inspector.fleet import Fleet
from trio_sup_inspector.keys import keymap_path
from trio_sup_inspector.lines.fleet import alarm_cells
from trio_sup_inspector.remembered import Memory
from trio_sup_inspector.screens.act import Ask
from trio_sup_inspector.screens.act_many import act_here
from trio_sup_inspector.screens.choosing import choose_columns, choose_order
from trio_sup_inspector.screens.cluster import ClusterScreen
from trio_sup_inspector.screens.clusters import Clusters
from trio_sup_inspector.screens.ending import heed_endings
from trio_sup_inspector.screens.help import Help
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.screens.nodes import LOOK_EVERY, Nodes
from trio_sup_inspector.screens.palette import named_actions
from trio_sup_inspector.screens.screenshot import Pictured
from trio_sup_inspector.settings import Settings, settings_for
from trio_sup_inspector.state.node import RATES, NodeState
from trio_sup_inspector.theme import DARK, LIGHT
from trio_sup_inspector.widgets.paint import ROLE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from textual.app import SystemCommand
    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.worker import Worker

    from trio_sup_inspector.fleet import Member
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.observer import Observation
    from trio_sup_inspector.settings import Color

    Observe = Callable[[str, str | None], Observation]


LONG: Final = 15
"""Seconds for which something is said that has to be read."""


class InspectorApp(Pictured):
    """The inspector.

    Args:
        target: The node; with `wanted` None the only one that runs, or a choice.
        settings: How it appears.
        no_color: Send no colours: bold, reverse and glyphs carry the meaning.
        cluster: How a cluster is observed that is shown in the place of a node.
        observe: Says how one is, by the URL of its engine and its prefix.
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
        cluster: Observation | None = None,
        observe: Observe | None = None,
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
        self.memory = Memory(self.settings.remember)
        own = self.settings
        self.fleet = Fleet(
            target.directory, own.clock, own.jitter, own.poll, self._beside
        )
        looks = own.clock, own.plain, own.keymap, own.ticking
        self.clusters = Clusters(self, *looks, target.directory, self.attach)
        self._cluster, self._observe = cluster, observe
        self.set_keymap(dict(self.settings.keymap))

    # --- life --------------------------------------------------------------

    def on_mount(self) -> None:
        """Attach to the node that is meant, or ask which."""
        heed_endings(self.exit, terminal=not self.is_headless)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme, wrong = self.memory.recall(DARK.name, self.available_themes)
        self._warn(wrong)
        self._start_timer(self.settings.rate)
        if self.settings.ticking:
            self.set_interval(LOOK_EVERY, self._look_around)
        if self._cluster is not None:
            self.clusters.observe(self._cluster, back=False)
        elif self.target.wanted is not None:
            self.attach(self.target)
        else:
            self._attach_or_choose()

    def _warn(self, wrong: str) -> None:
        if wrong:
            self.notify(wrong, severity="warning", timeout=LONG)

    def _recalled(self, state: NodeState) -> NodeState:
        """A node in the order, and with the columns, that the user left."""
        before = self.main.state if self.main is not None else None
        state.order, state.reverse = self.memory.order(before)
        state.columns = self.memory.columns
        return state

    def _attach_or_choose(self) -> None:
        try:
            running = [n for n in list_nodes(self.target.directory) if n.running]
        except DiscoveryError:
            running = []
        if len(running) == 1:
            self.attach(Target(self.target.directory, str(running[0].socket)))
        else:
            self._pick(sole=True)

    def _beside(
        self, work: Callable[[], Coroutine[None, None, None]]
    ) -> Callable[[], object]:
        # Not a coroutine: who cancels it before its first step would leave it open.
        worker: Worker[None] = self.run_worker(work, group="fleet", exit_on_error=False)
        return worker.cancel

    def attach(self, target: Target) -> None:
        """Show another node, or the same one from the beginning."""
        settings = self.settings
        session = Session(
            client="trio-sup inspect",
            rate_hz=settings.rate,
            control=settings.control,
        )
        state = self._recalled(NodeState(session, target.host))
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
            keymap=settings.keymap,
            alarm=self._alarm,
            first="tree" if self.main is None else self.main.lists.current,
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
        if self.fleet.running:  # The one that was on screen is one of the others now.
            self.fleet.look(connection)

    def _start_timer(self, rate: float) -> None:
        if self._timer:
            self._timer.stop()
        if self.settings.ticking:
            self._timer = self.set_interval(1.0 / rate, self.tick)

    def _look_around(self) -> None:
        # The screen of nodes looks by itself.
        if self.fleet.running and self.screen is self.main:
            self.fleet.look(self.connection)

    def tick(self) -> None:
        """Take what was heard and paint it: at most once a tick."""
        screen = self.main
        self.fleet.tick()
        self.clusters.tick()
        if screen is None or not screen.is_mounted:
            return
        screen.state.absorb(self.settings.clock())
        order, reverse = screen.state.order, screen.state.reverse
        self._warn(self.memory.keep(self.theme, order, reverse))
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
        """Show the nodes that run here, side by side."""
        self._pick(sole=False)

    def _pick(self, *, sole: bool) -> None:
        def chosen(member: Member | None) -> None:
            if member is not None and member.target is not None:
                self.attach(member.target)

        screen = Nodes(
            self.fleet,
            clock=self.settings.clock,
            plain=self.settings.plain,
            shown=self.connection,
            sole=sole,
        )
        self.push_screen(screen, chosen)

    def action_next_node(self) -> None:
        """Attach to the next node."""
        self.fleet.look(self.connection)
        member = self.fleet.after(self.connection)
        if member is None or member.target is None:
            self.notify("no other node runs here", timeout=2)
        else:
            self.attach(member.target)

    def action_cluster(self) -> None:
        """Show the cluster that the node is in, or the one that was looked at."""
        if self.connection is not None:
            self.clusters.show_that_of(self.connection, self._observe)

    def _alarm(self, width: int) -> Cells:
        alarms = self.fleet.alarms(self.connection) if self.fleet.running else []
        clock, plain = self.settings.clock(), self.settings.plain
        return alarm_cells(alarms, clock, width, plain=plain)

    def action_sort(self) -> None:
        """Choose by what the process list is sorted."""
        if self.main is not None:
            choose_order(self.main, plain=self.settings.plain)

    def action_columns(self) -> None:
        """Choose the columns of the list on screen."""
        if self.main is not None:
            choose_columns(self.main, self.memory.columns, plain=self.settings.plain)

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

        def say(text: str, good: bool) -> None:
            state.said = (text, good, self.settings.clock())
            self.tick()

        ask = Ask(self, self.connection, self.settings.plain)
        # Whatever goes wrong in there must not end the inspector.
        self.run_worker(
            act_here(ask, state, screen.lists.pointed(), say),
            group="act",
            exclusive=True,
            exit_on_error=False,
        )

    def action_retry(self) -> None:
        """Connect now; after a refusal, from the beginning."""
        if isinstance(self.screen, ClusterScreen):
            self.clusters.retry()
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
                keymap_file=str(keymap_path() or "there is no place for any"),
                plain=self.settings.plain,
            )
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands of the palette: Textual's own, and every named action."""
        # Textual leaves the type of its screens open.
        yield from super().get_system_commands(screen)  # pyright: ignore[reportUnknownMemberType]
        if isinstance(screen, (MainScreen, ClusterScreen)):
            yield from named_actions(screen, self.settings.keymap)


# --- the way in: what ``trio-sup inspect`` calls -------------------------------


def main(
    socket: Path | str | None = None,
    *,
    directory: Path | None = None,
    plain: bool | None = None,
    color: Color = "auto",
    rate: float = 4.0,
    control: bool = False,
    remember: bool = True,
    cluster: Observation | None = None,
    observe: Observe | None = None,
) -> int:
    """Show a node, or a cluster, until the user quits.

    Args:
        socket: The path of a node's socket, a node's name or process id, or
            ``ssh://host/node``; None for the only one that runs, or a choice.
        directory: Where nodes are looked for; this user's own directory if None.
        plain: ASCII only; None to go by the locale.
        color: ``auto`` sends none if ``NO_COLOR`` is set.
        rate: Refreshes a second, 1 to 10.
        control: Whether to ask nodes for leave to act.
        remember: Whether to appear as the user left it, and to remember that.
        cluster: How a cluster is observed that is shown in the place of a node.
        observe: See `InspectorApp`.

    Returns:
        0; or 2, with a line on stderr, for a keymap file that cannot be used.
    """
    settings = settings_for(plain=plain, rate=rate, control=control, remember=remember)
    if isinstance(settings, int):
        return settings
    target = Target(
        runtime_dirs() if directory is None else directory,
        None if socket is None else str(socket),
    )
    no_color = {"auto": None, "always": False, "never": True}[color]
    app = InspectorApp(
        target, settings, no_color=no_color, cluster=cluster, observe=observe
    )
    return app.run() or 0
