"""Start and init: rows GS-001 to GS-010."""

from tests.proof.servers.named.write import CRASH, GATE, call, cast, do, named

NAME = ["u", "k", 1]

STARTING = (
    named(
        "GS-001",
        "a start is over when init is, not before",
        [["start", "s"], ["open", "g"]],
        s={"init": [GATE]},
        shows=["step 0", "s init 1", "step 1", "parent of s start ok"],
    ),
    *(
        named(
            "GS-002 GS-003",
            f"init: {steps[-1][0]} of {steps[-1][1:]} tells the starter {outcome}",
            [["start", "s"]],
            s={"init": steps, "terminate": [["add", 1]]},
            shows=["s init 1"],
            never=["s terminate", "s exit", "parent of s start ok"],
        )
        for steps, outcome in (
            ([["ignore"]], "ignore"),
            ([["stop", "normal"]], "normal"),
            ([["stop", ["shutdown", "x"]]], "shutdown"),
            ([["stop", ["error", "x"]]], "an error"),
            ([["exit", "normal"]], "normal, too"),
            ([CRASH], "the error"),
        )
    ),
    named(
        "GS-004 TRAP-11",
        "a name is free again when a failed start is reported",
        [["start", "s"], ["start", "t"]],
        s={"init": [CRASH], "name": NAME},
        t={"name": NAME},
        shows=["parent of s start", "parent of t start ok"],
    ),
    named(
        "GS-007 REG-034",
        "a start under a name in use fails, and init does not run",
        [["start", "s"], ["start", "t"]],
        s={"name": NAME},
        t={"name": NAME},
        shows=['parent of t start ["already_registered", "s"]'],
        never=["t init"],
    ),
    named(
        "GS-007",
        "a start under the name of a server that is starting fails, too",
        [["start", "s"], ["start", "t"], ["open", "g"]],
        s={"name": NAME, "init": [GATE]},
        t={"name": NAME},
        shows=["step 1", 'parent of t start ["already_registered", "s"]', "step 2"],
    ),
    named(
        "GS-008",
        "calls and casts to a server that is starting are served after init",
        [
            ["start", "s"],
            do(cast("a", ["add", 1])),
            do(call("b", ["reply", "hello"])),
            ["open", "g"],
        ],
        s={"init": [["add", 2], GATE]},
        shows=['c2 answer b ["ok", "hello"]', "s cast a 2", "s call b 3"],
    ),
    named(
        "GS-008",
        "a name is shown while its server is starting",
        [
            ["start", "s"],
            do(["registry", "whereis", "u", "k"], ["registry", "count", "u"]),
            do(call("a", to=["via", "u", "k"])),
            ["open", "g"],
        ],
        s={"init": [GATE], "name": NAME},
        shows=['c1 whereis u ["k"] s', "c1 count u [] 1", 'c2 answer a ["ok", null]'],
    ),
    named(
        "GS-010",
        "a continue of init comes before what arrived during init",
        [["start", "s"], do(cast("a")), ["open", "g"]],
        s={"init": [["cast", "s", "self", []], GATE, ["continue", "c", [["add", 1]]]]},
        shows=["s continue c 0", "s cast self 1", "s cast a 1"],
    ),
    named(
        "GS-026",
        "a failed init answers those who called meanwhile",
        [["start", "s"], do(call("a")), ["open", "g"]],
        s={"init": [GATE, CRASH]},
        shows=["step 2", 'c1 answer a ["exit", ["error", "x"]]'],
    ),
    named(
        "MON-001",
        "a monitor of a server that is starting hears of its failure",
        [["start", "s"], do(["monitor", "s"], ["receive"]), ["open", "g"]],
        s={"init": [GATE, CRASH]},
        shows=["step 2", 'c1 down s ["error", "x"]'],
    ),
)

NAMED = STARTING
