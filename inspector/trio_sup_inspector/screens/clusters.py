"""The cluster that is looked at: its observer, its screen, and the way to its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from trio_sup.inspect.finding.directory import DiscoveryError
from trio_sup.inspect.finding.remote import SCHEME, BadAddress
from trio_sup_inspector.observer import Observer, way_to
from trio_sup_inspector.screens.cluster import ClusterScreen
from trio_sup_inspector.state.cluster import ClusterState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from textual.app import App

    from trio_sup.inspect.protocol.wire_cluster import ClusterLook
    from trio_sup_inspector.connection import Connection, Target
    from trio_sup_inspector.observer import Observation

    Observe = Callable[[str, str | None], Observation]

AGAIN: Final = 8.0
"""Seconds within which a second Enter goes to another machine."""
LONG: Final = 8
"""Seconds for which it is said why there is no way to a node."""


@define(eq=False)
class Clusters:
    """At most one at a time.

    Args:
        app: The application.
        clock: The application's clock.
        plain: ASCII only.
        keymap: The user's own keys, by the actions' ids.
        painted: Whether what is heard is painted by itself.
        directory: Where nodes of this machine are looked for.
        attach: Shows the tree of a node.
    """

    app: App[Any]
    clock: Callable[[], float]
    plain: bool
    keymap: Mapping[str, str]
    painted: bool
    directory: Path | tuple[Path, ...]
    attach: Callable[[Target], None]
    state: ClusterState | None = None
    """None before there is any."""
    screen: ClusterScreen | None = None
    """The one that was shown last."""
    _observer: Observer | None = None
    _asked: tuple[str, float] = field(default=("", float("-inf")))

    def observe(self, how: Observation, *, back: bool) -> None:
        """Look at a cluster, and show it.

        Args:
            how: How it is observed.
            back: Whether there is something behind it.
        """
        clock = self.clock
        state = self.state = ClusterState(how.title)
        state.begin(clock())

        def heard(look: ClusterLook) -> None:
            first = state.look is None
            state.take(look, clock())
            if first and self.painted:
                self.app.call_later(self.tick)

        self._observer = Observer(how, heard, state.lost)
        self.app.run_worker(
            self._observer.run(), group="cluster", exclusive=True, exit_on_error=False
        )
        self.show(back=back)

    def show(self, *, back: bool) -> None:
        """Bring what is known of it to the front."""
        state = self.state
        assert state is not None
        self.screen = ClusterScreen(
            state,
            clock=self.clock,
            plain=self.plain,
            keymap=self.keymap,
            opened=self.open,
            back=back,
        )
        self.app.push_screen(self.screen)

    def show_that_of(self, connection: Connection, observe: Observe | None) -> None:
        """Show the cluster that a node is in, or say why that cannot be.

        The one that is looked at already stays, unless the node tells of another one
        that can be joined.

        Args:
            connection: The way to the node.
            observe: Says how a cluster is observed.
        """
        node, state = connection.session.node, self.state
        told = [] if node is None else sorted(node.clusters, key=lambda c: not c.url)
        of = told[0] if told else None
        far = (connection.target.wanted or "").startswith(SCHEME)
        joinable = of is not None and of.url and not of.secret and not far
        if state is not None and not (joinable and of and of.url not in state.title):
            self.show(back=True)
        elif of is None:
            self._say("this node tells of no cluster")
        elif not of.url:
            self._say("the engine of its cluster is in its process: nobody can join it")
        elif joinable and observe is not None:
            self.observe(observe(of.url, of.prefix or None), back=True)
        else:
            why = "look from there: " if far else ""
            if of.secret and not far:
                why = "with its password, which is not told: "
            prefix = f" --prefix {of.prefix}" if of.prefix else ""
            self._say(f"{why}trio-sup inspect --cluster {of.url}{prefix}")

    def retry(self) -> None:
        """Start an observer, if none runs."""
        if self._observer is not None:
            self._observer.retry()

    def tick(self) -> None:
        """Paint what was heard."""
        screen = self.screen
        if screen is not None and screen.is_mounted and screen.is_current:
            screen.refresh_view()

    # --- the way to a node ------------------------------------------------------

    def open(self, node_id: str) -> None:
        """Show the tree of a node, or say why that cannot be."""
        state, clock = self.state, self.clock()
        if state is None or not node_id:
            self._say("nobody holds it: there is no node to go to")
            return
        place = state.places.get(node_id)
        if place is None:
            self._say("it has not answered yet, so nobody knows which process it is")
            return
        host, pid = place
        try:
            target = way_to(self.directory, host, pid)
        except DiscoveryError as error:
            self._say(f"process {pid} of this machine: {error}")
        except BadAddress:
            self._say(f"it says that it runs on {host[:60]!r}, which is no machine")
        else:
            wanted = target.wanted or ""
            asked, at = self._asked
            if wanted.startswith(SCHEME) and (asked != wanted or clock - at > AGAIN):
                # What a node says of itself is not to make anybody connect anywhere.
                self._asked = wanted, clock
                self._say(f"it runs on {host}; Enter again to look there by {wanted}")
                return
            self._go(target)

    def _go(self, target: Target) -> None:
        screen = self.screen
        if screen is not None and screen.is_current and screen.leads_back:
            screen.dismiss(None)
        self.attach(target)

    def _say(self, text: str) -> None:
        self.app.notify(text, timeout=LONG)
