"""What a comparison with OTP brings of its own; everything else stands beside this."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from attrs import frozen

from tests.proof.named import Named
from tests.proof.oracle import Oracle
from tests.proof.trace import Trace, Value

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


@frozen(eq=False)  # there is one of each
class Suite(Generic[S]):
    """Scenarios of one kind: their form, where they come from, and who answers.

    Attributes:
        name: The package below `tests.proof`.
        read: Builds a scenario from its JSON form.
        write: The JSON form of a scenario.
        named: The scenarios by hand.
        draw: The scenario that belongs to a seed.
        recorded: So many of those are recorded, from seed 0.
        smaller: Simpler scenarios than a given one, those that lose most first.
        oracle: Starts OTP.
        in_one_form: OTP's trace without what OTP itself leaves undefined.
        in_newest_words: The trace as the newest release of OTP tells it.
    """

    name: str
    read: Callable[[object], S]
    write: Callable[[S], dict[str, Value]]
    named: tuple[Named[S], ...]
    draw: Callable[[int], S]
    recorded: int
    smaller: Callable[[S], Iterable[S]]
    oracle: Callable[[], Oracle[S]]
    in_one_form: Callable[[S, Trace], Trace]
    in_newest_words: Callable[[S, Trace], Trace]

    @property
    def golden(self) -> Path:
        """The file of OTP's recorded answers."""
        return Path(__file__).parent / self.name / "golden.jsonl.xz"


class Subject(Protocol[S_contra]):
    """What is compared with OTP: trio-sup, a model of OTP, a version with a bug."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def codes(self) -> tuple[int, ...]:
        """The schedule that it runs under; none is first come, first served."""
        ...

    def scheduled(self, codes: Iterable[int]) -> Self:
        """The same under a schedule; the same at all if it has none."""
        ...

    def compares_all(self, scenario: S_contra, otp: Trace) -> bool:
        """Whether OTP's trace says to its end what to expect."""
        ...

    def expect(self, scenario: S_contra, otp: Trace) -> Trace:
        """What it should do, where OTP did this; as far as that can be said."""
        ...

    def observe(self, scenario: S_contra, otp: Trace) -> Trace:
        """What it does; as far as OTP's trace says what to expect."""
        ...


def agrees(subject: Subject[S], scenario: S, otp: Trace) -> bool:
    """Whether a subject does what OTP did, or what it should do instead."""
    return subject.observe(scenario, otp) == subject.expect(scenario, otp)
