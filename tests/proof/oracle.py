"""Asks the installed Erlang/OTP, and Elixir, what they do in scenarios.

One VM serves any number of scenarios; starting it takes about a second, a scenario
well below a millisecond.
"""

import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

from tests.proof.machine import Machine, OracleError
from tests.proof.trace import Trace, Value

S = TypeVar("S")

SHARED = Path(__file__).parent / "otp"
"""What the drivers in Erlang have in common."""
TRIES = 10


class Oracle(Machine, Generic[S]):
    """A running Erlang VM that answers scenarios; a context manager.

    Raises:
        OracleError: Erlang is not installed or does not lend itself to the method,
            with what the VM printed.
    """

    @abstractmethod
    def question(self, scenario: S) -> Value:
        """A scenario as it is put to the driver in Erlang.

        Raises:
            OracleError: what is installed cannot play it.
        """

    @abstractmethod
    def answer(self, scenario: S, answer: dict[str, object]) -> Trace | None:
        """What the driver says; None if it cannot be trusted and has to be asked again.

        Raises:
            OracleError: the scenario did not come to its end.
        """

    def run(self, scenarios: Sequence[S]) -> list[Trace]:
        """The traces of `scenarios`, in order.

        Raises:
            OracleError: one of them did not come to its end, or the machine is
                always busy.
        """
        traces = self.try_run(scenarios)
        found = [trace for trace in traces if trace is not None]
        if len(found) < len(scenarios):
            raise OracleError("the machine is too busy for short timeouts")
        return found

    def try_run(self, scenarios: Sequence[S]) -> list[Trace | None]:
        """As `run`, with None where no answer can be trusted.

        Where the machine was too busy for the milliseconds of a scenario to be
        trusted, it is asked again, but not for ever.

        Raises:
            OracleError: one of them did not come to its end.
        """
        traces: dict[int, Trace] = {}
        for attempt in range(TRIES):
            missing = [i for i in range(len(scenarios)) if i not in traces]
            if not missing:
                break
            time.sleep(0.2 * attempt)  # until others need the machine less
            self.send(tuple(self.question(scenarios[index]) for index in missing))
            answers = [self.receive() for _ in missing]
            for index, answer in zip(missing, answers, strict=True):
                trace = self.answer(scenarios[index], answer)
                if trace is not None:
                    traces[index] = trace
        return [traces.get(index) for index in range(len(scenarios))]
