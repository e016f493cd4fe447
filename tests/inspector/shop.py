"""A tree in which something of everything happens, and how it came to that."""

from collections.abc import Iterator

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.protocol.wire import Row

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/shop/venv/lib/python3.13/site-packages/trio_sup/_server.py", line 212, in serve
    await handler(*args)
  File "/srv/shop/app/payments.py", line 88, in charge
    reply = await self.gateway.post("/charge", order)
  File "/srv/shop/app/gateway.py", line 41, in post
    raise GatewayError(response.status)
app.gateway.GatewayError: 503 Service Unavailable
"""


def shop_rows() -> list[Row]:
    """27 children at the node's time 1000."""
    rows = [
        supervisor(1, 0, "shop", path="shop", target="rest_for_one", began=1.0),
        server(
            2,
            1,
            "db",
            path="shop/db",
            target="app.db.Pool",
            name="db",
            began=1.1,
            mailbox_len=12,
            mailbox_peak=87,
            handled=48_211,
        ),
        supervisor(
            3,
            1,
            "payments",
            path="shop/payments",
            began=1.2,
            budget_used=2,
            budget_max=3,
            budget_seconds=30.0,
        ),
        server(
            4,
            3,
            "charge",
            path="shop/payments/charge",
            target="app.payments.Charge",
            began=994.0,
            life=5,
            restarts=4,
            mailbox_len=612,
            mailbox_peak=640,
            handled=911,
            op="charge",
            op_since=992.6,
            last_exit="crashed: GatewayError: 503 Service Unavailable",
        ),
        server(
            5,
            3,
            "refund",
            path="shop/payments/refund",
            target="app.payments.Refund",
            status="backing_off",
            began=981.0,
            life=3,
            restarts=3,
            mailbox_cap=64,
            mailbox_peak=3,
            handled=17,
            last_exit="crashed: TimeoutError: gateway",
        ),
        make_row(
            6,
            3,
            "reconcile",
            path="shop/payments/reconcile",
            target="app.payments.reconcile",
            restart="transient",
            status="stopped",
            began=400.0,
            last_exit="normal",
        ),
        supervisor(
            7,
            1,
            "boards",
            path="shop/boards",
            kind="dynamic",
            target="dynamic",
            began=1.3,
            budget_used=0,
            budget_max=10,
            budget_seconds=10.0,
        ),
    ]
    rows += [
        server(
            10 + n,
            7,
            str(n),
            path=f"shop/boards/{n}",
            target="app.boards.Board",
            restart="temporary",
            began=100.0 + 31 * n,
            handled=300 * n + 5,
            mailbox_len=(7 * n) % 11,
            mailbox_peak=9 + n,
            mailbox_cap=256,
        )
        for n in range(1, 13)
    ]
    rows += [
        supervisor(
            30,
            1,
            "workers",
            path="shop/workers",
            target="one_for_all",
            began=812.1,
            budget_used=1,
            budget_max=5,
            budget_seconds=60.0,
            restarts=1,
            life=2,
            last_exit="shutdown (gave up): more than 5 restarts in 60 s",
        ),
        make_row(
            31,
            30,
            "index",
            path="shop/workers/index",
            target="app.search.index",
            began=870.0,
            life=2,
            restarts=1,
            last_exit="shutdown: one_for_all after 'thumbs' crashed",
        ),
        make_row(
            32,
            30,
            "thumbs",
            path="shop/workers/thumbs",
            target="app.media.thumbs",
            began=870.1,
            life=2,
            restarts=1,
            last_exit="crashed: OSError: disk full",
        ),
        server(
            33,
            30,
            "mailer",
            path="shop/workers/mailer",
            target="app.mail.Mailer",
            began=870.2,
            life=2,
            restarts=1,
            mailbox_len=1024,
            mailbox_peak=1024,
            handled=88,
            op="deliver",
            op_since=938.0,
            last_exit="shutdown: one_for_all after 'thumbs' crashed",
        ),
        make_row(
            34,
            30,
            "legacy",
            path="shop/workers/legacy",
            target="app.legacy.poll",
            status="quarantined",
            began=700.0,
            life=6,
            restarts=5,
            budget_used=5,
            budget_max=5,
            budget_seconds=60.0,
            last_exit="crashed: ValueError: not enough values to unpack",
        ),
        server(
            35,
            1,
            "metrics",
            path="shop/metrics",
            target="app.obs.Metrics",
            began=812.4,
            life=2,
            restarts=1,
            last_exit="shutdown: rest_for_one after 'workers' ended",
            mailbox_cap=-1,
            mailbox_len=3,
            mailbox_peak=41,
            handled=120_443,
        ),
    ]
    return rows


Told = tuple[float, str, str, str]
"""When, what, which child below the shop, in which words."""


def story() -> list[Told]:
    """The log that led to `shop_rows`, oldest first, in the words of a node."""
    return sorted(_told(), key=lambda event: event[0])


def _told() -> Iterator[Told]:
    yield 812.0, "child_crashed", "workers/thumbs", "crashed (life 6): OSError('full')"
    why = "gave up over 'thumbs': more than 5 restarts in 60 s"
    yield 812.0, "supervisor_gave_up", "workers", why
    for n, sibling in enumerate(("legacy", "mailer", "index")):
        yield from _stopped(812.0 + n / 50, f"workers/{sibling}", "gave up", "thumbs")
    end = "stopped: shutdown (gave up)"
    yield 812.06, "child_stopped", "workers", end
    yield from _restarted(812.06, "workers", "", siblings=1, group="rest_for_one")
    yield from _stopped(812.08, "metrics", "rest_for_one", "workers")
    yield 812.1, "child_started", "workers", "started (life 2)"
    yield 812.4, "child_started", "metrics", "started (life 2)"
    yield 869.9, "child_crashed", "workers/thumbs", "crashed (life 1): OSError('full')"
    yield from _restarted(869.9, "workers/thumbs", "", siblings=3, group="one_for_all")
    for n, sibling in enumerate(("legacy", "mailer", "index")):
        path = f"workers/{sibling}"
        yield from _stopped(869.9 + n / 50, path, "one_for_all", "thumbs")
    for n, child in enumerate(("index", "thumbs", "mailer", "legacy")):
        at = 870.0 + n / 10
        yield at, "child_started", f"workers/{child}", "started (life 2)"
    crash = "ValueError('not enough values to unpack')"
    for life, at in enumerate((944.0, 949.1, 953.0, 959.4, 962.2, 964.0), start=2):
        yield at, "child_crashed", "workers/legacy", f"crashed (life {life}): {crash}"
        if at == 964.0:
            why = "quarantined: more than 5 restarts in 60 s"
            yield at, "child_quarantined", "workers/legacy", why
        else:
            yield from _restarted(at, "workers/legacy", "")
            yield at, "child_started", "workers/legacy", f"started (life {life + 1})"
    yield from _charged(974.3, 976.2, 3)
    yield 981.2, "child_crashed", "payments/refund", "crashed (life 3): TimeoutError()"
    yield from _restarted(981.2, "payments/refund", " in 24.6 s")
    yield from _charged(990.0, 994.0, 4)


def _charged(at: float, back: float, life: int) -> Iterator[Told]:
    path = "payments/charge"
    why = f"crashed (life {life}): GatewayError('503 Service Unavailable')"
    yield at, "child_crashed", path, why
    yield from _restarted(at, path, f" in {back - at:.3g} s")
    yield back, "child_started", path, f"started (life {life + 1})"


def _restarted(
    at: float, path: str, when: str, *, siblings: int = 0, group: str = ""
) -> Iterator[Told]:
    along = f", with {siblings} siblings ({group})" if siblings else ""
    yield at, "restart_decided", path, f"is restarted{when}{along}"


def _stopped(at: float, path: str, group: str, after: str) -> Iterator[Told]:
    above = f"shop/{path}".rpartition("/")[0]
    why = f"supervisor {above}: {group} after '{after}' ended"
    yield at, "child_stopping", path, f"asked to stop: {why}"
    yield at + 0.01, "child_stopped", path, f"stopped: shutdown ({why})"
