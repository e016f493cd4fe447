"""The pytest plugin: fixtures and two options; light, and silent where not used.

Works with pytest-trio in strict mode, without it, and under xdist: the fixtures are
plain ones, and what they check needs no event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trio_sup.testing.check import CheckReport
    from trio_sup.testing.helpers import EventRecorder


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
        "allow_crashes(errors): a type, or a tuple of types, that no_crashes lets pass",
    )


@pytest.fixture
def check_supervision(request: pytest.FixtureRequest) -> Callable[..., CheckReport]:
    """`trio_sup.testing.check_supervision`, with ``--supervision-examples``."""
    from trio_sup.testing.check import check_supervision as check

    examples: int | None = request.config.getoption("--supervision-examples")

    def run(build_tree: Callable[[], Any], **options: Any) -> CheckReport:
        if examples is not None:
            options["max_examples"] = examples
        report = check(build_tree, **options)
        request.node.add_report_section("call", "supervision", f"{report}\n")
        return report

    return run


@pytest.fixture
def supervision_events() -> Iterator[EventRecorder]:
    """Record the events of all trees of the test, whatever node they run on."""
    from trio_sup._node import Node
    from trio_sup.testing.helpers import EventRecorder

    recorder = EventRecorder()
    with ExitStack() as undo:
        _hear_all(Node, recorder, undo)
        yield recorder


@pytest.fixture
def no_crashes(
    request: pytest.FixtureRequest, supervision_events: EventRecorder
) -> Iterator[EventRecorder]:
    """Fail the test if a child crashed that was not to: errors never hide.

    Let certain errors pass with ``@pytest.mark.allow_crashes(errors=ValueError)``.
    """
    yield supervision_events
    allowed: list[type[BaseException]] = []
    for mark in request.node.iter_markers("allow_crashes"):
        errors = mark.kwargs["errors"]
        allowed += errors if isinstance(errors, tuple) else (errors,)
    supervision_events.check_no_crash(*allowed)


def _hear_all(node_type: Any, recorder: EventRecorder, undo: ExitStack) -> None:
    """Let each node tell the recorder too: a test may run Trio several times."""
    emit = node_type.emit

    def emit_and_tell(node: object, event: Any) -> None:
        recorder(event)
        emit(node, event)

    node_type.emit = emit_and_tell
    undo.callback(setattr, node_type, "emit", emit)
