"""Events joined into incidents: cause, blast radius, outcome."""

import logging

import pytest
import trio

from tests.inspector.shop import story
from trio_sup import Backoff, Budget, child, current_node, open_supervisor, supervisor
from trio_sup.inspect.model.incident import Incident
from trio_sup.inspect.model.incident_history import KEPT
from trio_sup.inspect.model.incidents import Incidents
from trio_sup.inspect.node.table import build_event
from trio_sup.inspect.protocol.wire import Event
from trio_sup_inspector.lines.incidents import incident_cells, times_words


def join(*told: tuple[float, str, str, str]) -> Incidents:
    incidents = Incidents()
    for n, (at, kind, path, text) in enumerate(told):
        incidents.add(Event(n, at, path, kind, f"{path} {text}"))
    return incidents


def shop() -> list[Incident]:
    told = [(at, kind, f"shop/{path}", text) for at, kind, path, text in story()]
    return list(join(*told).found)


def test_a_crash_and_the_next_life_are_one_incident() -> None:
    [incident] = join(
        (5.0, "child_crashed", "a/b", "crashed (life 3): Boom()"),
        (5.0, "restart_decided", "a/b", "is restarted in 1.5 s"),
        (6.5, "child_started", "a/b", "started (life 4)"),
    ).found
    assert (incident.cause, incident.life) == ("crashed: Boom()", 3)
    assert (incident.supervisor, incident.delay) == ("a", 1.5)
    assert (incident.outcome, incident.down_for) == ("restarted", 1.5)
    assert len(incident.events) == 3


def test_siblings_belong_to_the_incident_that_stopped_them() -> None:
    thumbs = next(i for i in shop() if i.at == 869.9)
    assert thumbs.strategy == "one_for_all"
    assert sorted(thumbs.stopped) == [
        f"shop/workers/{name}" for name in ("index", "legacy", "mailer")
    ]
    assert thumbs.outcome == "restarted"
    assert thumbs.ended == pytest.approx(870.3)


def test_who_gives_up_leads_to_the_incident_above() -> None:
    first, second = shop()[:2]
    assert (first.child, first.outcome) == ("shop/workers/thumbs", "gave_up")
    assert second.child == "shop/workers"
    assert second.because is first
    assert list(second.stopped) == ["shop/metrics"]
    assert second.outcome == "restarted"


def test_a_child_that_waits_is_open_and_one_in_quarantine_is_not() -> None:
    by_child = {incident.child: incident for incident in shop()}
    assert by_child["shop/payments/refund"].outcome == "open"
    assert by_child["shop/workers/legacy"].outcome == "quarantined"


def test_failed_starts_go_on_with_the_same_incident() -> None:
    [incident] = join(
        (1.0, "child_crashed", "a/b", "crashed (life 1): Boom()"),
        (1.0, "restart_decided", "a/b", "is restarted"),
        (1.1, "child_start_failed", "a/b", "failed to start: crashed: Later()"),
        (2.0, "child_started", "a/b", "started (life 3)"),
    ).found
    assert (incident.attempts, incident.outcome) == (2, "restarted")
    assert "Later()" in incident.cause


def test_an_orderly_end_that_is_restarted_is_an_incident_too() -> None:
    [incident] = join(
        (1.0, "child_stopped", "a/b", "stopped: normal"),
        (1.0, "restart_decided", "a/b", "is restarted"),
    ).found
    assert incident.cause == "stopped: normal"


def test_a_stop_by_request_ends_the_wait_and_starts_no_incident() -> None:
    incidents = join(
        (0.0, "child_stopping", "a/c", "asked to stop: terminated"),
        (0.0, "child_stopped", "a/c", "stopped: shutdown (terminated)"),
        (1.0, "child_crashed", "a/b", "crashed (life 1): Boom()"),
        (1.0, "restart_decided", "a/b", "is restarted in 9 s"),
        (2.0, "child_stopped", "a/b", "stopped: shutdown (terminated)"),
    )
    [incident] = incidents.found
    assert incident.outcome == "stopped"
    assert not incident.stopped


def test_the_end_of_the_node_closes_what_is_open() -> None:
    incidents = join((1.0, "child_crashed", "a/b", "crashed (life 1): Boom()"))
    incidents.node_lost()
    incidents.add(Event(9, 0.5, "a/b", "child_started", "a/b started (life 1)"))
    assert [i.outcome for i in incidents.found] == ["lost"]


def test_another_specification_is_an_incident_with_whose_lives_ended_for_it() -> None:
    begun = ((1.0, "requested", "a", ": reconfigure"),)
    ended = (1.5, "child_stopping", "a/b", "asked to stop: supervisor a: reconfigure")
    started = (2.0, "child_started", "a/b", "started (life 2)")
    told = ": reconfigured: 1 kept, 1 restarted"
    done = (2.0, "supervisor_reconfigured", "a", told)

    def joined(*more: tuple[float, str, str, str]) -> Incident:
        incidents = Incidents()
        for n, (at, kind, path, text) in enumerate((*begun, *more)):
            space = "" if text.startswith(":") else " "
            incidents.add(Event(n, at, path, kind, f"{path}{space}{text}"))
        (found,) = incidents.found
        return found

    incident = joined(ended, started, done)
    assert (incident.child, incident.supervisor) == ("a", "a")
    assert (incident.cause, incident.outcome) == ("1 kept, 1 restarted", "reconfigured")
    assert incident.stopped == {"a/b": 1.5}
    assert incident.back == {"a/b": 2.0}
    assert incident.down_for == 1.0
    assert joined(ended, started).outcome == "open"
    failed = ": reconfigure rolled back: child 'a/c' did not start"
    back = joined(ended, started, (3.0, "supervisor_reconfigured", "a", failed))
    assert (back.outcome, back.cause) == ("rolled_back", "child 'a/c' did not start")


def test_a_crash_loop_does_not_grow_without_bound() -> None:
    incidents = Incidents()
    for n in range(3 * KEPT):
        path = f"a/b{n}"
        text = f"{path} crashed (life 1): Boom()"
        incidents.add(Event(n, float(n), path, "child_crashed", text))
    assert len(incidents.found) == KEPT
    assert len(incidents._open) <= KEPT  # pyright: ignore[reportPrivateUsage]


@pytest.mark.trio
async def test_a_real_nodes_events_make_the_same_incidents(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    lives: dict[str, int] = {}

    async def crash(name: str, times: int) -> None:
        lives[name] = lives.get(name, 0) + 1
        await trio.sleep(1.0)
        if lives[name] <= times:
            raise ValueError(name)
        await trio.sleep_forever()

    tree = [
        supervisor(
            [
                child(crash, "a", 1, id="a"),
                child(trio.sleep_forever, id="b"),
                child(trio.sleep_forever, id="c"),
            ],
            strategy="one_for_all",
            id="all",
        ),
        child(crash, "late", 2, id="late", backoff=Backoff(jitter=0.0)),
        child(crash, "q", 9, id="q", budget=Budget(1, 10.0, then="quarantine")),
        supervisor([child(crash, "up", 2, id="up")], max_restarts=1, id="giver"),
    ]
    caplog.set_level(logging.CRITICAL)
    incidents = Incidents()
    async with open_supervisor(tree, id="root", max_restarts=9):
        await trio.sleep(20.0)
        for n, event in enumerate(current_node().recent_events()):
            incidents.add(build_event(n, event))
    found = {(i.child, i.outcome, len(i.stopped)) for i in incidents.found}
    assert found == {
        ("root/all/a", "restarted", 2),
        ("root/late", "restarted", 0),
        ("root/q", "restarted", 0),
        ("root/q", "quarantined", 0),
        ("root/giver/up", "restarted", 0),
        ("root/giver/up", "gave_up", 0),
        ("root/giver", "restarted", 0),
    }
    above = next(i for i in incidents.found if i.child == "root/giver")
    assert above.because is not None
    assert above.because.child == "root/giver/up"


def storm(incidents: Incidents, path: str, times: int, start: float = 0.0) -> float:
    at = start
    for n in range(times):
        at = start + n * 0.015
        crash = f"{path} crashed (life {n}): Boom(0x{n:x})"
        incidents.add(Event(n, at, path, "child_crashed", crash))
        incidents.add(Event(n, at, path, "restart_decided", f"{path} is restarted"))
        incidents.add(Event(n, at, path, "child_started", f"{path} started"))
    return at


def test_four_thousand_equal_crashes_are_one_incident_that_counts() -> None:
    incidents = Incidents()
    last = storm(incidents, "shop/mail/smtp", 4012)
    [one] = incidents.found
    assert (one.times, one.since, one.at) == (4012, 0.0, last)
    assert one.outcome == "restarted"
    assert 3900 <= one.pace.counted(last) <= 4012
    assert len(one.ends) <= 64


def test_a_storm_evicts_no_incident_of_another_supervisor() -> None:
    incidents = Incidents()
    told = [
        ("child_crashed", "shop/db/pool", "crashed (life 3): Lost()"),
        ("restart_decided", "shop/db/pool", "is restarted"),
        ("child_started", "shop/db/pool", "started (life 4)"),
    ]
    for kind, path, text in told:
        incidents.add(Event(0, 0.0, path, kind, f"{path} {text}"))
    for n in range(3 * KEPT):  # each of another child: nothing of it is the same
        path = f"shop/mail/m{n}"
        text = f"{path} crashed (life 1): {'Boom' * (n % 100)}()"
        incidents.add(Event(n, 1.0, path, "child_crashed", text))
    assert [i.cause for i in incidents.history.of("shop/db")] == ["crashed: Lost()"]


def test_what_differs_in_cause_or_outcome_stays_apart() -> None:
    incidents = Incidents()
    storm(incidents, "a/b", 2)
    for kind, text in (("child_crashed", "crashed (life 9): Other()"),):
        incidents.add(Event(9, 9.0, "a/b", kind, f"a/b {text}"))
    incidents.add(Event(9, 9.0, "a/b", "child_quarantined", "a/b quarantined"))
    assert [(i.times, i.outcome) for i in incidents.found] == [
        (2, "restarted"),
        (1, "quarantined"),
    ]


def test_the_line_of_a_storm_keeps_its_key() -> None:
    incidents = Incidents()
    keys = set()
    for n in range(5):
        storm(incidents, "a/b", 3, start=n * 10.0)
        keys |= {i.key for i in incidents.found}
    assert len(keys) == 1


def crash_for(
    incidents: Incidents, path: str, *, seconds: float, apart: float, n: int = 0
) -> float:
    """A child that crashes so often for so long; when it did so last."""
    at = 0.0
    for life in range(round(seconds / apart)):
        at = life * apart
        crash = f"{path} crashed (life {life}): Boom()"
        incidents.add(Event(n, at, path, "child_crashed", crash))
        incidents.add(Event(n, at, path, "restart_decided", f"{path} is restarted"))
        incidents.add(Event(n, at, path, "child_started", f"{path} started"))
    return at


def test_the_line_of_what_goes_on_tells_its_pace_since_the_latest_stands_above() -> (
    None
):
    incidents = Incidents()
    for n in range(4):
        crash_for(incidents, f"root/feeds/feed-{n}", seconds=150.0, apart=1.0)
    now = crash_for(incidents, "root/money/rates", seconds=150.0, apart=0.125)
    [rates] = [i for i in incidents.found if i.child.endswith("rates")]
    feeds = [i for i in incidents.found if i is not rates]
    line = incident_cells(rates, now, 100, node=None, plain=True)
    assert "x1,200, 480/min" in "".join(text for text, _ in line)
    whole = feeds[0].with_alike(feeds[1:])
    line = incident_cells(whole, now, 100, node=None, plain=True)
    assert "4 children" in "".join(text for text, _ in line)
    assert "x600, 60/min each" in "".join(text for text, _ in line)


def test_of_what_is_over_or_has_just_begun_the_time_that_it_took_is_told() -> None:
    incidents = Incidents()
    last = crash_for(incidents, "root/a", seconds=20.0, apart=1.0)
    [one] = incidents.found
    assert times_words(one, last, plain=True) == "x20 in 19s"
    assert times_words(one, last + 300.0, plain=True) == "x20 in 19s"
