"""Calls, casts, infos, continues and timeouts: rows GS-020 to GS-053."""

from tests.proof.servers.named.write import CRASH, GATE, call, cast, do, named, send

ORDER = (
    named(
        "GS-020",
        "calls, casts and infos of several senders share one queue",
        [
            do(cast("a", GATE)),
            do(call("b")),
            do(send("c"), cast("d")),
            do(cast("e"), send("f"), call("g")),
            ["open", "g"],
        ],
        shows=[f"s {e}" for e in ("call b", "info c", "cast d", "cast e", "info f")]
        + ["s call g"],
    ),
    named(
        "GS-021",
        "one message at a time, the state goes from one to the next",
        [do(cast("a", ["add", 1], GATE, ["add", 1])), do(cast("b")), ["open", "g"]],
        shows=["step 2", "step 3", "s cast b 2"],
    ),
    named(
        "GS-022",
        "a call without a timeout gives up after five seconds",
        [do(["call", "s", "a", [["defer"]], "default"]), ["elapse", 5100]],
        shows=["step 2", 'c1 answer a ["exit", "timeout"]'],
    ),
    named(
        "GS-023",
        "a request that timed out is still executed",
        [
            do(cast("a", GATE)),
            do(["call", "s", "b", [["add", 5]], 40]),
            ["elapse", 100],
            ["open", "g"],
            do(["sys", "get_state", "s"]),
        ],
        shows=[
            'c2 answer b ["exit", "timeout"]',
            "s call b 0",
            "step 5",
            'c5 get_state s ["ok", 5]',
        ],
    ),
    named(
        "GS-024",
        "a late reply vanishes: the caller's next call gets its own answer",
        [
            do(["call", "s", "a", [GATE, ["reply", "late"]], 40], call("b")),
            ["elapse", 100],
            ["open", "g"],
        ],
        shows=['c1 answer a ["exit", "timeout"]', 'c1 answer b ["ok", null]'],
        never=['c1 answer b ["ok", "late"]'],
    ),
    named(
        "GS-024",
        "a late answer to a deferred call vanishes",
        [
            do(["call", "s", "a", [["defer"]], 40], ["gate", "h"], ["receive"]),
            ["elapse", 100],
            do(["answer", "a", 1]),
            ["open", "h"],
            do(send("b", to="c1")),
        ],
        shows=['c1 answer a ["exit", "timeout"]', "c1 got b"],
    ),
    named(
        "GS-027",
        "a call to a dead server is noproc at once",
        [do(cast("a", ["stop", "normal"])), do(call("b"))],
        shows=["s exit normal", 'c2 answer b ["exit", "noproc"]'],
    ),
    named(
        "GS-027 REG-035",
        "a call to a name that nobody holds is noproc, a cast is lost",
        [do(call("a", to=["via", "u", "no"]), cast("b", to=["via", "u", "no"]))],
        shows=['c1 answer a ["exit", "noproc"]', "c1 casts b ok lost"],
    ),
    named(
        "GS-028",
        "a call to oneself fails at once",
        [do(call("a", call("b"), ["reply", "alive"]))],
        shows=['s answer b ["exit", "calling_self"]'],
        never=["s call b"],
    ),
    named(
        "GS-028",
        "a call to oneself fails at once through a name, too",
        [do(call("a", call("b", to=["via", "u", "k"])))],
        s={"name": ["u", "k", 0]},
        shows=['s answer b ["exit", "calling_self"]'],
    ),
    named(
        "GS-029",
        "a cast to a dead server is ok",
        [do(cast("a", ["stop", "normal"])), do(cast("b"), send("c"))],
        shows=["c2 casts b ok lost", "c2 sends c ok lost"],
    ),
)

REPLIES = (
    named(
        "GS-030",
        "a reply later, from another process",
        [do(call("a", ["defer"])), do(call("b")), do(["answer", "a", "x"])],
        shows=["step 2", 'c2 answer b ["ok"', "step 3", 'c1 answer a ["ok", "x"]'],
    ),
    named(
        "GS-030",
        "a reply later, from a later handler",
        [do(call("a", ["defer"])), do(cast("b", ["answer", "a", 2]))],
        shows=["step 2", 'c1 answer a ["ok", 2]'],
    ),
    named(
        "GS-030",
        "a reply before the handler returns",
        [do(call("a", ["early", 1], GATE, ["add", 1])), ["open", "g"]],
        shows=['c1 answer a ["ok", 1]', "step 2"],
    ),
    named(
        "GS-031",
        "the first of several replies wins",
        [do(call("a", ["early", 1], ["early", 2]))],
        shows=['c1 answer a ["ok", 1]'],
    ),
    named(
        "GS-033 TRAP-12",
        "stop with reply: terminate first, then the reply",
        [do(call("a", ["stop", "normal", "bye"])), ["open", "g"]],
        s={"terminate": [GATE]},
        shows=["s terminate 1 normal", "step 2", 'c1 answer a ["ok", "bye"]'],
    ),
    named(
        "GS-033",
        "stop with reply: sent even if terminate fails",
        [do(call("a", ["stop", "normal", "bye"]))],
        s={"terminate": [CRASH]},
        shows=['c1 answer a ["ok", "bye"]', 's exit ["error", "x"]'],
    ),
    named(
        "GS-034",
        "a reply, then stop: the caller has it before terminate",
        [do(call("a", ["early", "bye"], ["stop", "normal"])), ["open", "g"]],
        s={"terminate": [GATE]},
        shows=['c1 answer a ["ok", "bye"]', "step 2", "s exit normal"],
    ),
    named(
        "GS-032 GS-041",
        "stop without reply: the caller gets the reason, normal or not",
        [
            ["start", "s"],
            do(call("a", ["stop", "normal"])),
            ["start", "s"],
            do(call("b", ["stop", ["shutdown", "x"]])),
            ["start", "s"],
            do(call("c", ["exit", "normal"])),
        ],
        shows=[
            'c1 answer a ["exit", "normal"]',
            'c3 answer b ["exit", ["shutdown", "x"]]',
            'c5 answer c ["exit", "normal"]',
        ],
    ),
)

CONTINUES = (
    named(
        "GS-037",
        "a continue runs after the reply and before what is queued",
        [
            do(call("a", GATE, ["continue", "c", [["gate", "h"], ["add", 1]]])),
            do(cast("b")),
            ["open", "g"],
            ["open", "h"],
        ],
        shows=[
            "step 3",
            'c1 answer a ["ok", null]',
            "s continue c",
            "step 4",
            "s cast b 1",
        ],
    ),
    named(
        "GS-037",
        "continues may chain, and stop",
        [
            do(
                cast(
                    "a",
                    GATE,
                    ["continue", "c", [["continue", "d", [["stop", "normal"]]]]],
                )
            ),
            do(call("b")),
            ["open", "g"],
        ],
        shows=['c2 answer b ["exit", "normal"]', "s continue c", "s continue d"],
        never=["s call b"],
    ),
)

TIMEOUTS = (
    named(
        "GS-050",
        "an idle timeout fires once if no message comes",
        [
            do(cast("a", ["idle", 40, "i", [["add", 1]]])),
            ["elapse", 100],
            ["elapse", 100],
            do(["sys", "get_state", "s"]),
        ],
        shows=["step 2", "s idle i", "step 3", 'c4 get_state s ["ok", 1]'],
    ),
    named(
        "GS-050",
        "any message cancels an idle timeout",
        [
            do(cast("a", ["idle", 40, "i", []])),
            do(send("b")),
            ["elapse", 100],
        ],
        never=["s idle"],
    ),
    named(
        "GS-050",
        "an idle timeout may be asked for again and again",
        [
            do(cast("a", ["idle", 40, "i", [["idle", 40, "j", []]]])),
            ["elapse", 60],
            ["elapse", 60],
        ],
        shows=["step 2", "s idle i", "step 3", "s idle j"],
    ),
    named(
        "GS-050",
        "an idle timeout of init",
        [["start", "s"], ["elapse", 100]],
        s={"init": [["idle", 40, "i", []]]},
        shows=["step 1", "s idle i"],
    ),
    named(
        "GS-051 TRAP-13",
        "a message that waits already wins against a timeout of 0",
        [do(cast("a", GATE, ["idle", 0, "i", []])), do(cast("b")), ["open", "g"]],
        shows=["s cast b"],
        never=["s idle"],
    ),
    named(
        "GS-051",
        "a timeout of 0 fires at once if nothing waits",
        [do(cast("a", ["idle", 0, "i", []]))],
        shows=["step 1", "s cast a", "s idle i"],
    ),
    named(
        "GS-052",
        "a look at the state begins the idle time anew",
        [
            do(cast("a", ["idle", 150, "i", []])),
            ["elapse", 100],
            do(["sys", "get_state", "s"]),
            ["elapse", 100],
            ["elapse", 100],
        ],
        shows=["step 4", "step 5", "s idle i"],
    ),
)

NAMED = ORDER + REPLIES + CONTINUES + TIMEOUTS
