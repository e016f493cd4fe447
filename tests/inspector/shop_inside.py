"""What the shop's node tells on request: insides of children, tasks, calls, load."""

from tests.inspector.shop_asked import logs, names, trace
from trio_sup.inspect.protocol.wire import Detail, ServerMessage
from trio_sup.inspect.protocol.wire_details import (
    Busy,
    BusyRow,
    ClientInfo,
    Frame,
    Held,
    Hold,
    Holds,
    Life,
    Link,
    MailboxPart,
    NodeInfo,
    SeenMessage,
    StatePart,
    TaskRow,
    Tasks,
    TaskStack,
    WaitEdge,
    Waits,
)
from trio_sup.inspect.protocol.wire_times import OpTimes, TimesPart

NOW = 1000.0


def charge() -> Detail:
    """The inside of ``shop/payments/charge``, whose id is 4."""
    letters = [
        SeenMessage(
            "call" if n % 3 else "cast",
            "charge" if n % 3 else "note",
            f"(Order(id={8120 + n}, cents={1999 + 250 * n}), card='<redacted>')"
            if n % 3
            else f"('seen {n}')",
            f"shop/boards/{n + 1}" if n % 3 else "",
            NOW - 7.0 + n / 8,
        )
        for n in range(12)
    ]
    current = SeenMessage(
        "call",
        "charge",
        "(Order(id=8119, cents=4900), card='<redacted>')",
        "shop/boards/3",
        992.6,
    )
    mailbox = MailboxPart(
        NOW,
        612,
        letters,
        current,
        deferred=2,
        blocked=3,
        received=1525,
    )
    state = StatePart(
        NOW - 1.4,
        "gateway = Gateway(url='https://pay.example', retries=3)\n"
        "pending = {8119: Order(id=8119, cents=4900), 8118: Order(...)}\n"
        "token = <redacted>\n"
        "failures = 4\n"
        "limits = Limits(per_second=20, burst=40)\n"
        "started = 994.0\n"
        "last_error = GatewayError('503 Service Unavailable')",
        "format_status took 0.2 ms",
        took=0.0004,
    )
    stack = [
        TaskStack(
            118,
            "shop/payments/charge",
            0,
            [
                Frame("trio_sup/_server.py", 212, "serve", "await handler(*args)"),
                Frame(
                    "app/payments.py",
                    88,
                    "Charge.charge",
                    'reply = await self.gateway.post("/charge", order)',
                ),
                Frame(
                    "app/gateway.py",
                    37,
                    "Gateway.post",
                    "await self.stream.receive_some(65536)",
                ),
            ],
        ),
        TaskStack(
            121,
            "app.payments.Charge.watch_limits",
            1,
            [Frame("app/payments.py", 131, "Charge.watch_limits", "await sleep(5)")],
        ),
    ]
    crash = "crashed: GatewayError('503 Service Unavailable')"
    history = [
        Life(1, 1.2, 402.0, "shutdown", "shutdown: one_for_one"),
        Life(2, 402.1, 911.5, "crashed", "crashed: ConnectionResetError(104)"),
        Life(3, 911.5, 974.3, "crashed", crash),
        Life(4, 976.2, 990.0, "crashed", crash),
    ]
    links = [
        Link("waited_by", 13, "shop/boards/3"),
        Link("waited_by", 12, "shop/boards/2"),
        Link("waits_for", 2, "shop/db"),
        Link("watched_by", 5, "shop/payments/refund"),
        Link("name", 0, "charge"),
    ]
    return Detail(
        4,
        NOW,
        mailbox=mailbox,
        state=state,
        stack=stack,
        history=history,
        links=links,
        times=times(),
    )


def times() -> TimesPart:
    """How long its messages wait and take."""
    charge = OpTimes(
        *("charge", 1480, 0.0021, 0.412, 2.31, 0.18, 1.92, 4.4),
        *(212, 0.0024, 0.51, 2.31, 0.44, 2.6, 4.4),
    )
    note = OpTimes(
        *("note", 370, 0.00004, 0.0002, 0.0011, 0.17, 1.9, 4.3),
        *(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    )
    return TimesPart(NOW, NOW - 312.0, 0.184, 0.221, [charge, note])


def holds() -> Holds:
    """What held the loop lately."""
    frames = [
        Frame("app/report.py", 20, "Report.run", "table = self.tables(rows)"),
        Frame("app/report.py", 52, "Report.tables", "rows.sort(key=total)"),
    ]
    where = "app/report.py:52 in Report.tables"
    return Holds(
        NOW,
        [Hold(NOW - 131.0, 1.84, 9, "shop/report", where, 31, 33, frames)],
    )


def tasks() -> Tasks:
    """A small task tree: the program, its host nursery, children, a stray task."""
    rows: list[TaskRow] = []

    def add(
        id: int, parent: int, kind: str, name: str = "", where: str = "", child: int = 0
    ) -> None:
        state = "waiting" if kind == "task" else ""
        own = name.startswith("<Trio")
        rows.append(TaskRow(id, parent, kind, name, where, state, child, own))

    add(1, 0, "task", "<init>", "trio/_core/_run.py:2019 in init")
    add(2, 1, "nursery")
    add(3, 2, "task", "app.main", "app/main.py:41 in main")
    add(4, 2, "task", "<TrioToken.run_sync_soon task>", "")
    add(10, 3, "nursery")
    add(11, 10, "task", "shop", "trio_sup/_supervisor.py:288 in control", 1)
    add(12, 11, "nursery")
    add(13, 12, "task", "shop/db", "app/db.py:77 in Pool.select", 2)
    add(14, 12, "task", "shop/payments", "trio_sup/_supervisor.py:288 in control", 3)
    add(15, 14, "nursery")
    add(118, 15, "task", "shop/payments/charge", "app/gateway.py:37 in Gateway.post", 4)
    add(119, 118, "nursery")
    limits = "app.payments.Charge.watch_limits"
    add(121, 119, "task", limits, "app/payments.py:131 in Charge.watch_limits", 4)
    add(16, 12, "task", "shop/workers", "trio_sup/_supervisor.py:288 in control", 30)
    add(17, 16, "nursery")
    add(18, 17, "task", "shop/workers/index", "app/search.py:12 in index", 31)
    add(19, 17, "task", "shop/workers/mailer", "app/mail.py:58 in deliver", 33)
    add(20, 12, "task", "shop/metrics", "app/obs.py:30 in Metrics.flush", 35)
    add(30, 10, "task", "app.main.watch_config", "app/main.py:73 in watch_config")
    return Tasks(NOW, True, rows)


def waits() -> Waits:
    """Four calls that wait, two of them for each other."""
    return Waits(
        NOW,
        [
            WaitEdge(13, 4, "charge", 992.6, "waits"),
            WaitEdge(4, 2, "select", 993.0, "waits"),
            WaitEdge(33, 35, "count", 938.0, "deadlock"),
            WaitEdge(35, 33, "flush", 938.4, "deadlock"),
            WaitEdge(12, 4, "charge", 996.2, "waits"),
        ],
    )


def busy() -> Busy:
    """One second in which the loop was held once."""
    return Busy(
        NOW,
        1.0,
        0.412,
        0.006,
        [
            BusyRow(31, "shop/workers/index", 0.262, 14, 0.240),
            BusyRow(4, "shop/payments/charge", 0.061, 820, 0.004),
            BusyRow(2, "shop/db", 0.048, 1240, 0.001),
            BusyRow(35, "shop/metrics", 0.022, 310, 0.002),
            BusyRow(0, "app.main.watch_config", 0.012, 2, 0.011),
            BusyRow(33, "shop/workers/mailer", 0.007, 61, 0.001),
        ],
        [
            Held(941.0, 0.180, 31, "shop/workers/index", "app/search.py:40 in rank"),
            Held(999.7, 0.240, 31, "shop/workers/index", "app/search.py:40 in rank"),
        ],
    )


def info() -> NodeInfo:
    """The process as a whole."""
    return NodeInfo(
        NOW,
        rss=61_800_000,
        cpu=41.7,
        threads=3,
        tasks=38,
        runnable=1,
        deadline=0.4,
        io="epoll: 12 readers, 1 writer",
        gc=[412, 7, 3],
        events=57,
        children=25,
        messages=171_302,
        clients=[
            ClientInfo("trio-sup inspect", "uid=1000 pid=5120", 4.0, 960.0, 0, False),
            ClientInfo("trio-sup record", "uid=1000 pid=5188", 1.0, 310.0, 812, True),
        ],
        facts=[["arguments", "python -m shop"], ["directory", "/srv/shop"]],
    )


def topics() -> dict[str, ServerMessage]:
    """What is answered to who follows a topic."""
    return {
        "tasks": tasks(),
        "waits": waits(),
        "busy": busy(),
        "node": info(),
        "holds": holds(),
        "logs": logs(),
        "registry": names(),
        "trace": trace(),
    }
