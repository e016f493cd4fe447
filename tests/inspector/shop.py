"""A tree in which something of everything happens."""

from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.wire import Row

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
            began=1.4,
            budget_used=1,
            budget_max=5,
            budget_seconds=60.0,
            restarts=1,
            life=2,
            last_exit="shutdown: restart limit of shop/workers",
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
            began=1.5,
            mailbox_cap=-1,
            mailbox_len=3,
            mailbox_peak=41,
            handled=120_443,
        ),
    ]
    return rows
