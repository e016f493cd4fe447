"""The pytest plugin: fixtures, an option, and no assertion of a child is lost.

Works with pytest-trio in strict mode, without it, and under xdist: the fixtures are
plain ones, and what they check needs no event loop. Hypothesis is imported only by
what draws examples.
"""

# pytest loads this in every project of an environment that has trio-sup: nothing of
# the library is imported before a test asks for it.
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import pytest

if TYPE_CHECKING:
    from trio_sup._core.events import LifecycleEvent
    from trio_sup._core.long_memory import Unmade
    from trio_sup.testing.check import CheckOptions, CheckReport
    from trio_sup.testing.helpers import EventRecorder


class CheckSupervision(Protocol):
    """What the fixture `check_supervision` gives."""

    def __call__(
        self, build_tree: Callable[[], Any], **options: Unpack[CheckOptions]
    ) -> CheckReport:
        """Check a tree."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness."""
    group = parser.getgroup("trio-sup")
    group.addoption(
        "--supervision-examples",
        type=int,
        default=None,
        metavar="N",
        help="examples of each check_supervision fixture call",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "allow_crashes(errors): a type, or a tuple of types, of errors of children "
        "that do not fail the test",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``@settings`` and ``@example`` stand at a test of `supervision_property`."""
    test = getattr(item, "function", None)
    if test is not None and hasattr(test, "undecorated"):
        from trio_sup.testing._run.decorations import put_away

        put_away(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test in whose fixtures an assertion of a child failed."""
    return (yield from _failing_with_children(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test in which an assertion of a child failed.

    Its supervisor would restart the child, and the test would pass. Let it pass on
    purpose with ``@pytest.mark.allow_crashes(errors=AssertionError)``.
    """
    return (yield from _failing_with_children(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures end with a failing assertion of a child."""
    return (yield from _failing_with_children(item))


def _failing_with_children(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    failed: list[LifecycleEvent] = []

    def hear(event: LifecycleEvent) -> None:
        if _assertion_in(event) is not None:
            failed.append(event)

    with _hearing_all(hear):
        result = yield
    if failed and not issubclass(AssertionError, _allowed(item)):
        first = failed[0]
        raise AssertionError(
            f"an assertion of a child failed: {first.summary}"
        ) from _assertion_in(first)
    return result


def _assertion_in(event: LifecycleEvent) -> BaseException | None:
    from trio_sup._core.anatomy import is_a, leaves

    error = getattr(getattr(event, "exit", None), "error", None)
    if error is None:
        return None
    found = (leaf for leaf in leaves(error) if is_a(leaf, AssertionError))
    return next(found, None)


def _allowed(item: pytest.Item) -> tuple[type[BaseException], ...]:
    allowed: tuple[type[BaseException], ...] = ()
    for mark in item.iter_markers("allow_crashes"):
        for errors in (*mark.args, *mark.kwargs.values()):
            allowed += errors if isinstance(errors, tuple) else (errors,)
    return allowed


@pytest.fixture
def check_supervision(request: pytest.FixtureRequest) -> CheckSupervision:
    """`trio_sup.testing.check_supervision`, with ``--supervision-examples``."""
    from trio_sup.testing.check import check_supervision as check

    examples: int | None = request.config.getoption("--supervision-examples")

    def run(
        build_tree: Callable[[], Any], **options: Unpack[CheckOptions]
    ) -> CheckReport:
        if examples is not None:
            options["max_examples"] = examples
        report = check(build_tree, **options)
        text = f"{report}\n{report.statistics()}\n"
        if report.situations is not None:
            text += f"{report.situations}\n"
        request.node.add_report_section("call", "supervision", text)
        return report

    return run


@pytest.fixture
def supervision_events() -> Iterator[EventRecorder]:
    """Record the events of all trees of the test, whatever node they run on."""
    from trio_sup.testing.helpers import EventRecorder

    recorder = EventRecorder()
    with _hearing_all(recorder):
        yield recorder


@pytest.fixture
def no_crashes(
    request: pytest.FixtureRequest, supervision_events: EventRecorder
) -> Iterator[EventRecorder]:
    """Fail the test if a child crashed that was not to: errors never hide.

    Let certain errors pass with ``@pytest.mark.allow_crashes(errors=ValueError)``.
    """
    yield supervision_events
    supervision_events.check_no_crash(*_allowed(request.node))


class _Tap:
    """Tells of the events of all nodes, as long as anybody hears."""

    def __init__(self) -> None:
        self.hearers: list[Callable[[LifecycleEvent], None]] = []
        self._keeping: Any = None  # how nodes keep events when nobody hears

    def open(self) -> None:
        from trio_sup._node.node import Node
        from trio_sup.testing.world import present_world

        keeping = self._keeping = Node.keeping

        def hearing(node: Node) -> Callable[[Unmade], object]:
            keep = keeping(node)

            def hear_and_keep(entry: Unmade) -> object:
                # What happens to trees under test by the harness is its own affair.
                if present_world.get() is None:
                    make, fields = entry
                    for hear in self.hearers:
                        hear(make(*fields))
                return keep(entry)

            return hear_and_keep

        # All events of a node go through what it is given here, as it is made.
        setattr(Node, "keeping", hearing)  # noqa: B010 - a method, to the checkers

    def close(self) -> None:
        from trio_sup._node.node import Node

        setattr(Node, "keeping", self._keeping)  # noqa: B010 - the same


_tap = _Tap()


@contextmanager
def _hearing_all(hear: Callable[[LifecycleEvent], None]) -> Generator[None]:
    """Let each node tell `hear` too: a test may run Trio several times.

    These blocks overlap: a fixture opens one in the set-up of a test, which is in one
    itself, and closes it in the teardown.
    """
    if not _tap.hearers:
        _tap.open()
    _tap.hearers.append(hear)
    try:
        yield
    finally:
        _tap.hearers.remove(hear)
        if not _tap.hearers:
            _tap.close()
