"""Crashes, terminate, stop and the supervisor's shutdown: rows GS-060 to GS-074."""

from tests.proof.servers.named.write import CRASH, GATE, call, cast, do, named, send

WAITING = [do(call("d", ["defer"])), do(cast("a", GATE, CRASH)), do(call("q"))]

CRASHES = (
    named(
        "GS-026 GS-072 TRAP-14",
        "a crash answers the deferred, the one in hand and the queued callers",
        [
            do(call("d", ["defer"])),
            do(call("a", GATE, CRASH)),
            do(call("q1")),
            do(call("q2")),
            ["open", "g"],
        ],
        shows=["step 5"]
        + [f'c{i} answer {x} ["exit", ["error", "x"]]' for i, x in enumerate("da", 1)]
        + [f'c{i} answer q{i - 2} ["exit", ["error", "x"]]' for i in (3, 4)],
        never=["s call q1", "s call q2"],
    ),
    named(
        "GS-026",
        "callers hear of a crash when terminate is done",
        [*WAITING, ["open", "g"], ["open", "t"]],
        s={"terminate": [["gate", "t"]]},
        shows=["s terminate 1", "step 5", 'c1 answer d ["exit"', 'c3 answer q ["exit"'],
    ),
    named(
        "GS-026 GS-074",
        "a normal end answers all waiting callers with normal",
        [
            do(call("d", ["defer"])),
            do(cast("a", GATE, ["stop", "normal"])),
            do(call("q")),
            ["open", "g"],
        ],
        shows=['c1 answer d ["exit", "normal"]', 'c3 answer q ["exit", "normal"]'],
    ),
    named(
        "GS-026",
        "a call of one server by another: the crash stays where it is",
        [do(call("a", call("b", CRASH, to="t"), ["reply", "alive"]))],
        s={},
        t={},
        shows=['c2 answer a ["ok", "alive"]', 's answer b ["exit", ["error", "x"]]'],
        never=["s exit [", "s terminate 1 ["],
    ),
    named(
        "GS-035",
        "infos and casts may stop the server, too",
        [do(send("a", ["stop", ["shutdown", "x"]]))],
        shows=['s terminate 1 ["shutdown", "x"]', 's exit ["shutdown", "x"]'],
    ),
)

TERMINATE = (
    *(
        named(
            "GS-060 GS-063",
            f"terminate runs after {step}, with its reason",
            [do(cast("a", step))],
            shows=[f"s terminate 1 {told}", f"s exit {told}"],
        )
        for step, told in (
            (["stop", "normal"], "normal"),
            (["stop", ["shutdown", "x"]], '["shutdown", "x"]'),
            (["stop", ["error", "x"]], '["error", "x"]'),
            (["exit", "normal"], "normal"),
            (CRASH, '["error", "x"]'),
        )
    ),
    named(
        "GS-060",
        "terminate runs when the supervisor asks",
        [["shutdown", "s"]],
        shows=["s terminate 1 shutdown", "s exit shutdown"],
    ),
    named(
        "GS-060",
        "a server that ends by itself takes the time that it needs",
        [do(cast("a", CRASH)), ["elapse", 100], ["open", "g"]],
        s={"terminate": [GATE], "shutdown": 40},
        shows=["s terminate 1", "step 3", 's exit ["error", "x"]'],
    ),
    named(
        "GS-060",
        "a server that ends by itself takes its time even under brutal_kill",
        [do(cast("a", CRASH)), do(call("b")), ["open", "g"]],
        s={"terminate": [GATE], "shutdown": "brutal_kill"},
        shows=["s terminate 1", "step 3", 's exit ["error", "x"]'],
    ),
    named(
        "GS-061",
        "no terminate after a kill",
        [do(call("a", GATE)), ["shutdown", "s"]],
        s={"shutdown": "brutal_kill"},
        shows=["step 2", 'c1 answer a ["exit", "killed"]', "s exit killed"],
        never=["s terminate"],
    ),
    named(
        "GS-061",
        "no terminate when a server that does not trap exits is shut down",
        [["shutdown", "s"]],
        s={"trap": False},
        shows=["s exit shutdown"],
        never=["s terminate"],
    ),
    named(
        "GS-061",
        "no terminate when the time of a shutdown is over",
        [do(cast("a", GATE)), ["shutdown", "s"], ["elapse", 100]],
        s={"shutdown": 40},
        shows=["step 3", "s exit killed"],
        never=["s terminate"],
    ),
    named(
        "GS-062",
        "terminate sees the state as before the callback that failed",
        [do(cast("a", ["add", 1])), do(cast("b", ["add", 5], CRASH))],
        shows=['s terminate 1 ["error", "x"] 1'],
    ),
    named(
        "GS-064",
        "an error in terminate becomes the reason",
        [do(call("a", ["stop", "normal"])), do(["monitor", "s"], ["receive"])],
        s={"terminate": [["crash", "t"]]},
        shows=['c1 answer a ["exit", ["error", "t"]]', 's exit ["error", "t"]'],
    ),
    named(
        "GS-064",
        "an error in terminate becomes the reason, also of a shutdown",
        [do(["monitor", "s"], ["receive"]), ["shutdown", "s"]],
        s={"terminate": [["crash", "t"]]},
        shows=['c1 down s ["error", "t"]', 's exit ["error", "t"]'],
    ),
    named(
        "GS-064",
        "an error in terminate takes the place of the crash",
        [do(call("a", CRASH))],
        s={"terminate": [["crash", "t"]]},
        shows=['c1 answer a ["exit", ["error", "t"]]', 's exit ["error", "t"]'],
    ),
)

STOP = (
    named(
        "GS-068",
        "stop returns when the server has ended with that reason",
        [do(["sys", "stop", "s", "normal"]), ["open", "g"]],
        s={"terminate": [GATE]},
        shows=["step 2", 'c1 stop s ["ok", "ok"]'],
    ),
    named(
        "GS-068",
        "stop fails when the server ends with another reason",
        [do(cast("a", GATE, CRASH)), do(["sys", "stop", "s", "normal"]), ["open", "g"]],
        shows=['c2 stop s ["exit", ["error", "x"]]'],
    ),
    named(
        "GS-068",
        "stop of a dead server is noproc; of oneself calling_self",
        [
            do(call("a", ["sys", "stop", "s", "normal"])),
            do(["sys", "stop", "s", "normal"]),
            do(["sys", "stop", "s", "normal"]),
        ],
        shows=[
            's stop s ["exit", "calling_self"]',
            'c2 stop s ["ok", "ok"]',
            'c3 stop s ["exit", "noproc"]',
        ],
    ),
    named(
        "GS-069",
        "stop is queued behind what is there",
        [
            do(cast("a", GATE)),
            do(cast("b")),
            do(["sys", "stop", "s", "normal"]),
            do(call("c")),
            ["open", "g"],
        ],
        shows=["step 5", 'c4 answer c ["exit", "normal"]', "s cast b", "s terminate 1"],
        never=["s call c"],
    ),
    named(
        "GS-070 REG-026",
        "the name is free when stop has returned",
        [
            ["start", "s"],
            do(["sys", "stop", "s", "normal"], ["registry", "whereis", "u", "k"]),
            ["start", "t"],
        ],
        s={"name": ["u", "k", 0]},
        t={"name": ["u", "k", 0]},
        shows=["c1 stop s", 'c1 whereis u ["k"] null', "parent of t start ok"],
    ),
    named(
        "GS-073",
        "a shutdown is one more message: what came before is served, later is lost",
        [
            do(cast("a", GATE)),
            do(call("b")),
            ["shutdown", "s"],
            do(call("c")),
            do(cast("d")),
            ["open", "g"],
        ],
        shows=[
            "step 6",
            'c2 answer b ["ok"',
            'c4 answer c ["exit", "shutdown"]',
            "s call b",
            "s terminate 1 shutdown",
        ],
        never=["s call c", "s cast d"],
    ),
    named(
        "GS-072",
        "calls during terminate fail when it is done",
        [
            do(cast("a", ["stop", "normal"])),
            do(call("b")),
            do(cast("c")),
            ["open", "g"],
        ],
        s={"terminate": [GATE]},
        shows=["step 4", 'c2 answer b ["exit", "normal"]'],
    ),
    named(
        "GS-074",
        "a shutdown answers a deferred caller with shutdown",
        [do(call("a", ["defer"])), ["shutdown", "s"]],
        shows=['c1 answer a ["exit", "shutdown"]'],
    ),
    named(
        "GS-023 GS-030",
        "a killed caller is harmless: the request is executed",
        [
            do(cast("a", GATE)),
            do(call("b", ["add", 1])),
            ["kill", "c2"],
            ["open", "g"],
            do(["sys", "get_state", "s"]),
        ],
        shows=["s call b", 'c5 get_state s ["ok", 1]'],
        never=["c2 answer"],
    ),
    named(
        "GS-030",
        "an answer to a deferred caller that was killed is harmless",
        [
            do(call("a", ["defer"])),
            ["kill", "c1"],
            do(cast("b", ["answer", "a", 1], ["add", 1])),
            do(["sys", "get_state", "s"]),
        ],
        shows=['c4 get_state s ["ok", 1]'],
    ),
)

NAMED = CRASHES + TERMINATE + STOP
