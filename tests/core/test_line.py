"""Jobs in line: what is waited for, what a stop cuts short, and who is answered."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.core.core_play import Broken
from tests.core.rule_tree import ABC, running
from tests.core.sync_world import Record
from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import (
    NOTHING,
    Answer,
    Breathe,
    Changed,
    Raise,
    Refuse,
    Refused,
    Request,
    Start,
)
from trio_sup._core.plan.line import Line

STOPPED = Exit("shutdown", "stopped")


def some() -> tuple[Line[Record], Record, Any]:
    """A line, a child that lives, and what a job may say."""
    tree = running(*ABC)
    return Line(), tree["a"], (Changed(tree["a"]),)


def job(*yields: Any, ends: Any = None) -> Any:
    """A job that says these, one after the other, and then ends."""
    yield from yields
    if isinstance(ends, BaseException):
        raise ends
    return ends


def request(*yields: Any, ends: Any = None, record: Record | None = None) -> Any:
    return Request(lambda: job(*yields, ends=ends), record)


def test_a_line_without_jobs_is_idle() -> None:
    line, _, said = some()
    assert (line.idle, line.busy, line.turn()) == (True, False, NOTHING)
    assert (line.awaited, line.failed) == (None, None)
    assert (line.cut_short, line.overtaken) == (False, False)
    line.queue.append(job(said))
    assert (line.idle, line.busy) == (False, False)
    assert line.turn() == said
    assert (line.idle, line.busy) == (False, True)
    assert line.turn() == NOTHING
    assert (line.idle, line.busy) == (True, False)


def test_jobs_take_turns_and_one_with_nothing_to_say_takes_none() -> None:
    line, _, said = some()
    done = request(ends=7)
    line.queue.extend([job(), done, job(said)])
    assert line.turn() == (Answer(done, 7),)
    assert line.turn() == said
    assert line.turn() == NOTHING


def test_a_breath_is_taken_before_the_next_in_line() -> None:
    line, _, said = some()
    line.add(job(said))
    line.add(job(said))
    assert [line.turn() for _ in range(4)] == [said, (Breathe(2),), said, NOTHING]


def test_a_request_that_is_withdrawn_is_not_served_and_counts_no_more() -> None:
    line, a, said = some()
    a.pending = 2
    first, second = request(said, record=a), request(said, record=a)
    first.withdrawn = True
    line.queue.extend([first, second])
    assert first.withdrawn is True
    assert second.withdrawn is False
    assert line.turn() == said
    assert a.pending == 0
    assert line.turn() == (Answer(second, None),)
    assert line.turn() == NOTHING


def test_what_has_not_begun_is_forgotten_and_requests_are_given_back() -> None:
    line, _, said = some()
    begun, waits = request(said), request(said)
    line.queue.extend([begun, job(said), waits])
    line.turn()
    assert line.clear() == [waits]
    assert line.busy
    assert not line.queue
    assert line.turn() == (Answer(begun, None),)


@pytest.mark.parametrize("error", [Broken(), KeyboardInterrupt()])
@pytest.mark.parametrize("asked", [False, True])
def test_an_error_is_the_answer_or_is_raised(error: BaseException, asked: bool) -> None:
    line, _, said = some()
    served = request(ends=error)
    line.queue.extend([served if asked else job(ends=error), job(said)])
    dos = line.turn()
    assert not line.busy
    if not asked:
        assert dos == (Raise(error),)
    elif isinstance(error, Exception):
        assert dos == (Refuse(served, error),)
    else:
        refuse, fatal = dos
        assert fatal == Raise(error)
        assert isinstance(refuse, Refuse)
        assert refuse.request is served
        assert isinstance(refuse.error, Refused)
        assert refuse.error.why == "stopping"
    assert line.turn() == said


def test_a_job_that_ends_waits_for_nobody() -> None:
    line, a, said = some()

    def waits() -> Any:
        line.wait_for(a)
        yield from ()

    line.queue.extend([waits(), job(said)])
    assert line.turn() == said
    assert line.awaited is None


# What is waited for.


def waiting(line: Line[Record], a: Record, said: Any, life: float = math.inf) -> Any:
    line.wait_for(a, life)
    yield said
    yield said


def test_a_job_waits_until_the_child_is_down() -> None:
    line, a, said = some()
    line.queue.append(waiting(line, a, said))
    assert line.turn() == said
    assert line.awaited is a
    assert line.turn() == line.turn() == NOTHING
    a.up = False
    assert line.turn() == said
    assert line.awaited is None
    assert line.overtaken is False


def test_a_job_waits_until_that_life_is_ready() -> None:
    line, a, said = some()
    line.queue.append(waiting(line, a, said, 2))
    assert line.turn() == said
    assert line.turn() == NOTHING
    a.started_life = 2
    assert line.turn() == said


def test_a_job_that_parks_goes_on_when_it_is_woken() -> None:
    line, _, said = some()

    def parks() -> Any:
        yield from line.park()
        yield said
        yield said

    line.queue.append(parks())
    assert line.turn() == NOTHING
    assert line.busy
    assert line.turn() == said
    assert line.turn() == said
    assert line.turn() == NOTHING
    assert not line.busy


def test_who_has_been_woken_keeps_nobody_waiting() -> None:
    line, _, said = some()
    line.queue.extend([line.park(), job(said)])
    assert line.turn() == NOTHING
    assert line.turn() == said


# What a stop cuts short.


@pytest.mark.parametrize("fatal", [False, True])
@pytest.mark.parametrize("done", [False, True])
def test_what_came_first_says_whether_a_job_is_overtaken(
    fatal: bool, done: bool
) -> None:
    line, a, said = some()
    line.queue.append(waiting(line, a, said))
    line.turn()
    a.up = not done
    line.cut(fatal=fatal)
    assert line.cut_short is True
    assert line.overtaken is (fatal or not done)
    assert line.turn() == said  # nothing is waited for any more


def test_a_cut_overtakes_nobody_who_does_not_wait() -> None:
    line, _, said = some()
    line.queue.append(job(said))
    line.turn()
    line.cut(fatal=True)
    assert (line.cut_short, line.overtaken) == (True, False)


@pytest.mark.parametrize("done", [False, True])
def test_who_begins_to_wait_after_the_cut_is_overtaken_unless_it_has_come(
    done: bool,
) -> None:
    line, a, _ = some()
    line.cut(fatal=False)
    a.up = not done
    line.wait_for(a)
    assert line.overtaken is (not done)


def test_who_begins_to_wait_before_the_cut_is_not_overtaken_yet() -> None:
    line, a, _ = some()
    line.wait_for(a)
    assert line.overtaken is False


# Starts.


def start(line: Line[Record], record: Record) -> tuple[Any, list[Any]]:
    """A job that starts a child; what it says; and where its result will stand."""
    result: list[Any] = []

    def steps() -> Any:
        result.append((yield from line.start(record)))

    line.queue.append(steps())
    (said,) = line.turn()
    return said, result


def test_a_start_waits_until_that_life_is_ready() -> None:
    line, a, _ = some()
    a.up = False
    line.failed = STOPPED
    said, result = start(line, a)
    assert said == Start(a, supervised=True)
    assert line.failed is None
    a.life, a.up = 2, True
    assert (line.turn(), result) == (NOTHING, [])
    a.started_life = 2
    assert (line.turn(), result) == (NOTHING, [None])


def test_a_start_that_fails_tells_how_it_ended() -> None:
    line, a, _ = some()
    a.up = False
    _, result = start(line, a)
    a.life, a.last_exit = 2, STOPPED
    line.turn()
    assert result == [STOPPED]
    assert line.overtaken is False


def test_a_start_that_could_not_begin_tells_why() -> None:
    line, a, _ = some()
    a.up = False
    _, result = start(line, a)
    line.failed = STOPPED
    line.turn()
    assert result == [STOPPED]


def test_a_start_that_came_too_late_is_overtaken() -> None:
    line, a, _ = some()
    a.up = False
    _, result = start(line, a)
    line.turn()  # it was not even begun
    assert result == [None]
    assert line.overtaken is True


@pytest.mark.parametrize("up", [False, True])
def test_a_start_that_was_followed_by_another_was_good(up: bool) -> None:
    line, a, _ = some()
    a.up = False
    _, result = start(line, a)
    a.life, a.up, a.last_exit = 3, up, STOPPED
    a.started_life = 1 if up else 2
    line.cut(fatal=False)
    line.turn()
    assert result == [None]


# With the job in hand alone, as the life does that has ended.


def test_going_on_begins_nothing_new() -> None:
    line, _, said = some()
    line.queue.append(job(said))
    assert line.go_on() == NOTHING
    assert (line.busy, line.idle) == (False, False)
    assert line.turn() == said
    line.queue.append(job(said))
    assert line.go_on() == NOTHING  # the one in hand is done
    assert (line.busy, len(line.queue)) == (False, 1)


def test_going_on_takes_every_step_of_the_job_in_hand() -> None:
    line, record, said = some()
    other = (Changed(record), Changed(record))
    asked = request(NOTHING, said, NOTHING, other, ends="done")
    line.queue.append(asked)
    assert line.turn() == said
    assert line.go_on() == other
    assert line.go_on() == (Answer(asked, "done"),)
    assert line.go_on() == NOTHING
    assert line.idle


def test_going_on_waits_as_a_turn_does() -> None:
    line, record, said = some()

    def waits() -> Any:
        yield said
        line.wait_for(record)
        yield said
        assert line.awaited is None
        yield said

    line.queue.append(waits())
    assert line.turn() == said
    assert line.go_on() == said
    assert line.awaited is record
    assert line.go_on() == line.turn() == NOTHING
    record.up = False
    assert line.go_on() == said
    line.cut(fatal=False)  # nothing is awaited, so nothing was overtaken
    assert line.overtaken is False


def test_a_stop_cuts_the_wait_of_the_job_in_hand_short() -> None:
    line, record, said = some()

    def waits() -> Any:
        line.wait_for(record)
        yield said
        yield said

    line.queue.append(waits())
    assert line.turn() == said
    assert line.go_on() == NOTHING
    line.cut(fatal=False)
    assert line.overtaken is True
    assert line.go_on() == said


def test_a_job_that_parks_stays_so_when_others_go_on() -> None:
    line, _, said = some()

    def parks() -> Any:
        yield said
        yield from line.park()
        yield said
        yield from line.park()
        yield said

    line.queue.append(parks())
    assert line.turn() == said
    assert line.go_on() == NOTHING
    assert line.busy
    assert line.go_on() == said
    assert line.turn() == NOTHING
    assert line.go_on() == said
