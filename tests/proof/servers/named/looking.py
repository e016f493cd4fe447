"""The system lane, suspended servers, monitors: rows GS-080 to GS-083 and MON."""

from tests.proof.servers.named.write import CRASH, GATE, call, cast, do, named

GET = ["sys", "get_state", "s"]
SUSPEND = ["sys", "suspend", "s"]
RESUME = ["sys", "resume", "s"]
STOP = ["sys", "stop", "s", "normal"]

SYSTEM = (
    named(
        "GS-080",
        "get_state returns the state, also while suspended",
        [do(cast("a", ["add", 3])), do(GET), do(SUSPEND), do(GET)],
        shows=['c2 get_state s ["ok", 3]', 'c4 get_state s ["ok", 3]'],
    ),
    named(
        "GS-080",
        "get_state is queued behind earlier messages",
        [do(cast("a", GATE)), do(cast("b", ["add", 3])), do(GET), ["open", "g"]],
        shows=['c3 get_state s ["ok", 3]'],
    ),
    named(
        "GS-080",
        "get_state of a dead server is noproc",
        [do(STOP), do(GET)],
        shows=['c2 get_state s ["exit", "noproc"]'],
    ),
    named(
        "GS-081",
        "replace_state applies, also while suspended",
        [
            do(["sys", "replace_state", "s", 5]),
            do(SUSPEND),
            do(["sys", "replace_state", "s", 6]),
            do(RESUME),
            do(cast("a")),
        ],
        shows=[
            'c1 replace_state s ["ok", 5]',
            'c3 replace_state s ["ok", 6]',
            "s cast a 6",
        ],
    ),
    named(
        "GS-081",
        "replace_state with a function that fails changes nothing",
        [do(["sys", "replace_state", "s", "crash"]), do(GET), do(cast("a"))],
        s={"init": [["add", 2]]},
        shows=[
            'c1 replace_state s ["ok", "refused"]',
            'c2 get_state s ["ok", 2]',
            "s cast a 2",
        ],
    ),
    named(
        "GS-082",
        "suspended: messages wait, then come in order",
        [do(SUSPEND), do(cast("a")), do(call("b")), do(cast("c")), do(RESUME)],
        shows=["step 5", "s cast a", "s call b", "s cast c"],
    ),
    named(
        "GS-082",
        "suspended: calls time out",
        [do(SUSPEND), do(["call", "s", "a", [], 40]), ["elapse", 100]],
        shows=["step 3", 'c2 answer a ["exit", "timeout"]'],
    ),
    named(
        "GS-082",
        "suspend and resume are idempotent",
        [
            *[do(SUSPEND)] * 2,
            do(cast("a")),
            do(RESUME),
            do(RESUME),
            do(cast("b")),
        ],
        shows=["step 4", "s cast a", "step 6", "s cast b"],
    ),
    named(
        "GS-083",
        "stop of a suspended server: at once, and the queued callers fail",
        [do(SUSPEND), do(call("a")), do(cast("b")), do(STOP)],
        shows=["step 4", 'c2 answer a ["exit", "normal"]', 'c4 stop s ["ok", "ok"]'],
        never=["s call a", "s cast b"],
    ),
    named(
        "GS-071",
        "a shutdown ends a suspended server at once",
        [do(SUSPEND), do(call("a")), ["shutdown", "s"]],
        shows=["step 3", 'c2 answer a ["exit", "shutdown"]', "s terminate 1 shutdown"],
        never=["s call a"],
    ),
    named(
        "GS-082",
        "a new life is not suspended",
        [do(SUSPEND), do(STOP), do(call("a"))],
        s={"restart": "permanent"},
        shows=["s init 2", 'c3 answer a ["ok", null]'],
    ),
)

WATCH = ["monitor", "s"]

MONITORS = (
    *(
        named(
            "MON-001 MON-011",
            f"one Down with the reason of the end: {step}",
            [do(WATCH, ["receive"], ["receive"]), do(cast("a", step))],
            shows=["step 2", f"c1 down s {told}"],
        )
        for step, told in (
            (["stop", "normal"], "normal"),
            (["stop", ["shutdown", "x"]], '["shutdown", "x"]'),
            (CRASH, '["error", "x"]'),
        )
    ),
    named(
        "MON-001",
        "a monitor hears of a kill",
        [do(WATCH, ["receive"]), ["shutdown", "s"]],
        s={"shutdown": "brutal_kill"},
        shows=["c1 down s killed"],
    ),
    named(
        "MON-001",
        "a monitor of a dead server hears noproc at once",
        [do(cast("a", CRASH)), do(WATCH, ["receive"])],
        shows=["step 2", "c2 down s noproc"],
    ),
    named(
        "MON-001",
        "the Down comes when terminate is done",
        [do(WATCH, ["receive"]), do(cast("a", CRASH)), ["open", "g"]],
        s={"terminate": [GATE]},
        shows=["step 3", "c1 down s"],
    ),
    named(
        "MON-002",
        "several monitors are independent, of one watcher and of several",
        [
            do(WATCH, WATCH, ["receive"], ["receive"]),
            do(WATCH, ["receive"]),
            do(cast("a", CRASH)),
        ],
        shows=["step 3", "c1 down s", "c1 down s", "c2 down s"],
    ),
    named(
        "MON-003",
        "no Down after a demonitor, even if it was queued",
        [
            do(WATCH, GATE, ["demonitor", "s"], ["receive"]),
            do(cast("a", CRASH)),
            ["open", "g"],
            do(["send", "c1", "b", []]),
        ],
        shows=["c1 got b"],
        never=["c1 down"],
    ),
    named(
        "MON-004 MON-005",
        "a monitor is bound to the life, not to its successor",
        [
            do(WATCH, ["receive"], ["receive"]),
            do(cast("a", CRASH)),
            do(cast("b", ["stop", "normal"])),
            do(["send", "c1", "c", []]),
        ],
        s={"restart": "permanent"},
        shows=["c1 down s", "s init 2", "s init 3", "c1 got c"],
        never=["c1 down s normal"],
    ),
    named(
        "GS-035 MON-001",
        "a server takes a Down between its messages, in order",
        [
            do(cast("a", ["monitor", "t"], GATE)),
            do(cast("b")),
            do(["sys", "stop", "t", "normal"]),
            do(cast("c")),
            ["open", "g"],
        ],
        s={},
        t={},
        shows=["s cast b", "s down t normal", "s cast c"],
    ),
    named(
        "MON-001",
        "a server watches a client",
        [do(GATE, CRASH), do(cast("a", ["monitor", "c1"])), ["open", "g"]],
        shows=["step 3", 's down c1 ["error", "x"]'],
    ),
    named(
        "MON-012",
        "a client that is killed: the Down says killed",
        [do(GATE), do(cast("a", ["monitor", "c1"])), ["kill", "c1"]],
        shows=["step 3", "s down c1 killed"],
    ),
)

NAMED = SYSTEM + MONITORS
