"""Where one release of OTP answers otherwise than another, and both are right.

The recorded answers are of one release, and the installed one may be another: what
is known to have changed is written in the newer words before the two are compared.
What trio-sup does is not judged here; see `deviations`.
"""

from tests.proof.servers.scenario import Scenario, trace_of
from tests.proof.servers.story import Story
from tests.proof.trace import Trace, Value


def in_newest_words(scenario: Scenario, trace: Trace) -> Trace:
    """The trace as the newest release tells it."""
    story = Story(scenario, trace)
    _stopped_as_asked(story)
    return trace_of(story.steps, trace.final)


def _stopped_as_asked(story: Story) -> None:
    """`gen_server:stop` of a server that meanwhile ends for the very reason asked.

    Up to OTP 25 the caller exits with that reason, in OTP 29 it gets ok.
    """
    asked: dict[tuple[Value, Value], Value] = {}
    for at, (_, events) in enumerate(story.steps):
        for event in list(events):
            match event:
                case (who, "wants", "stop", to, reason):
                    asked[who, to] = reason
                case (who, "stop", to, ("exit", reason)) if (
                    who,
                    to,
                ) in asked and asked[who, to] == reason:
                    story.replace(at, event, (who, "stop", to, ("ok", "ok")))
                case _:
                    pass
