"""What the shop's node tells of its log, its registries, and steps of its servers."""

from trio_sup.inspect.protocol.wire_logs import LogLine, Logs
from trio_sup.inspect.protocol.wire_registry import NameRow, Names, RegistryInfo
from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep

NOW = 1000.0


def logs() -> Logs:
    """The last records of its log."""
    lines = [
        LogLine(
            *(41, 994.2, 20, "shop.boards", 13, "shop/boards/3"),
            *("opened for reader 118", "", "app/boards.py:61 in Board.open", ""),
        ),
        LogLine(
            *(42, 995.0, 10, "shop.db", 2, "shop/db"),
            *("SELECT id FROM orders", "", "app/db.py:77 in Pool.select", "worker 2"),
        ),
        LogLine(
            *(43, 997.4, 30, "shop.gateway", 4, "shop/payments/charge"),
            *("slow answer: 2.3 s", "", "app/gateway.py:39 in Gateway.post", ""),
        ),
        LogLine(
            *(44, 998.1, 40, "shop.gateway", 4, "shop/payments/charge"),
            "order 8119 was refused, tried 3 times; the next attempt is in 5 s",
            "GatewayError: 503 Service Unavailable",
            *("app/gateway.py:44 in Gateway.post", ""),
        ),
        LogLine(
            *(45, 999.5, 20, "app.main", 0, "", "configuration read again", ""),
            *("app/main.py:73 in watch_config", ""),
        ),
    ]
    return Logs(NOW, lines, passes=10)


def names() -> Names:
    """What its registries hold."""
    own, news = "registry", "news"
    return Names(
        NOW,
        "",
        0,
        [
            NameRow(own, "name", "db", 2, "shop/db", 1, 0, 0, 0, ""),
            NameRow(
                *(own, "name", "charge", 4, "shop/payments/charge", 1, 0, 0, 0),
                "{'region': 'eu', 'token': <redacted>}",
            ),
            NameRow(
                own, "reserved", "mailer", 33, "shop/workers/mailer", 0, 0, 0, 0, ""
            ),
            NameRow(own, "waiter", "mailer", 35, "shop/metrics", 0, 0, 0, 0, ""),
            NameRow(
                own, "lock", "order 8119", 4, "shop/payments/charge", 2, 0, 0, 0, ""
            ),
            NameRow(news, "name", "orders", 12, "shop/boards/2", 2, 0, 0, 0, ""),
            NameRow(news, "name", "orders", 13, "shop/boards/3", 2, 0, 0, 0, ""),
            NameRow(
                *(news, "subscriber", "orders", 0, "app.main.watch_config"),
                *(0, 1024, 1024, 317, ""),
            ),
        ],
        8,
        8,
        [RegistryInfo(own, True, 5, 5), RegistryInfo(news, False, 3, 3)],
    )


def trace() -> Trace:
    """An order on its way through three servers, and one that is refused."""

    def step(
        at: float, kind: str, child: int, path: str, op: str, text: str, *rest: object
    ) -> TraceStep:
        message = "cast" if op == "note" else "call"
        return TraceStep(at, kind, child, path, message, op, text, *rest)  # type: ignore[arg-type]

    board, pay, db = "shop/boards/3", "shop/payments/charge", "shop/db"
    return Trace(
        NOW,
        [
            step(
                998.0,
                "received",
                13,
                board,
                "order",
                "(8120)",
                *("", 61, 0, 61, 0, 0.0002, ""),
            ),
            step(
                998.0,
                "received",
                4,
                pay,
                "charge",
                "(8120, cents=4900)",
                *(board, 62, 61, 61, 1, 0.18, ""),
            ),
            step(
                998.2,
                "received",
                2,
                db,
                "select",
                "('orders', 8120)",
                *(pay, 63, 62, 61, 2, 0.0004, ""),
            ),
            step(
                998.3,
                "replied",
                2,
                db,
                "select",
                "Order(id=8120)",
                *(pay, 63, 62, 61, 2, 0.048, ""),
            ),
            step(
                998.9,
                "replied",
                4,
                pay,
                "charge",
                "'ok'",
                *(board, 62, 61, 61, 1, 0.71, "failures: 4 -> 0"),
            ),
            step(
                998.9,
                "replied",
                13,
                board,
                "order",
                "'ok'",
                *("", 61, 0, 61, 0, 0.91, ""),
            ),
            step(
                999.0,
                "received",
                4,
                pay,
                "charge",
                "(8121, cents=100)",
                *("shop/boards/2", 65, 64, 64, 1, 0.0001, ""),
            ),
            step(
                999.4,
                "failed",
                4,
                pay,
                "charge",
                "Declined: card expired",
                *("shop/boards/2", 65, 64, 64, 1, 0.4, "failures: 0 -> 1"),
            ),
        ],
        0,
        9,
        0.004,
    )
