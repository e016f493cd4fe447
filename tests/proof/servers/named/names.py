"""The registry: rows REG-003 to REG-035."""

from tests.proof.servers.named.write import CRASH, GATE, call, cast, do, named


def r(what: str, *args: object) -> list[object]:
    """A step: a request to the registry."""
    return ["registry", what, *args]


HOLD = do(r("register", "u", "k", 1), r("register", "u", "l", 2), GATE)
TWICE = [r("register", "d", "k", 1), r("register", "d", "k", 1)]

REGISTERING = (
    named(
        "REG-003",
        "a process registers itself, under many keys",
        [HOLD, do(r("lookup", "u", "k"), r("keys", "u", "c1"))],
        shows=[
            "c1 register",
            'c2 lookup u ["k"] [["c1", 1]]',
            'c2 keys u ["c1"] ["k", "l"]',
        ],
    ),
    named(
        "REG-005",
        "a unique key has one holder, who is told; the old value stays",
        [HOLD, do(r("register", "u", "k", 9), r("lookup", "u", "k"))],
        shows=[
            'c2 register u ["k", 9] ["already_registered", "c1"]',
            'c2 lookup u ["k"] [["c1", 1]]',
        ],
    ),
    named(
        "REG-005",
        "a second registration by the holder itself is refused, too",
        [do(r("register", "u", "k", 1), r("register", "u", "k", 2))],
        shows=["c1 register u", 'c1 register u ["k", 2] ["already_registered", "c1"]'],
    ),
    named(
        "REG-006",
        "a key whose holder has ended is free",
        [HOLD, ["kill", "c1"], do(r("register", "u", "k", 5), r("lookup", "u", "k"))],
        shows=['c3 register u ["k", 5] ok', 'c3 lookup u ["k"] [["c3", 5]]'],
    ),
    named(
        "REG-007",
        "a refused registration leaves nothing behind",
        [HOLD, do(r("register", "u", "k", 9), r("keys", "u", "c2"), r("count", "u"))],
        shows=['c2 keys u ["c2"] []', "c2 count u [] 2"],
    ),
    named(
        "REG-009",
        "keys that look like patterns are literal",
        [
            do(
                r("register", "u", "_", 1),
                r("register", "u", "$1", 2),
                r("lookup", "u", "_"),
                r("lookup", "u", "$1"),
                r("lookup", "u", "k"),
            )
        ],
        shows=[
            'c1 lookup u ["_"] [["c1", 1]]',
            'c1 lookup u ["$1"] [["c1", 2]]',
            'c1 lookup u ["k"] []',
        ],
    ),
    named(
        "REG-010",
        "duplicate: the same key several times, even with the same value",
        [do(*TWICE, r("lookup", "d", "k"), r("keys", "d", "c1"), r("count", "d"))],
        shows=[
            'c1 lookup d ["k"] [["c1", 1], ["c1", 1]]',
            'c1 keys d ["c1"] ["k", "k"]',
            "c1 count d [] 2",
        ],
    ),
    named(
        "REG-042",
        "one process, many keys in many registries, one start name",
        [
            do(cast("a", r("register", "u", "l", 1), r("register", "d", "m", 2))),
            do(r("keys", "u", "s"), r("keys", "d", "s")),
        ],
        s={"name": ["u", "k", 0]},
        shows=['c2 keys u ["s"] ["k", "l"]', 'c2 keys d ["s"] ["m"]'],
    ),
)

LOOKING = (
    named(
        "REG-011",
        "lookup: none, one, or all in the order of registration",
        [
            do(r("register", "d", "k", 1), GATE),
            do(r("register", "d", "k", 2), GATE),
            do(
                r("register", "d", "k", 3),
                r("lookup", "d", "k"),
                r("lookup", "d", "no"),
            ),
        ],
        shows=[
            'c3 lookup d ["k"] [["c1", 1], ["c2", 2], ["c3", 3]]',
            'c3 lookup d ["no"] []',
        ],
    ),
    named(
        "REG-013",
        "whereis: the holder or nobody",
        [HOLD, do(r("whereis", "u", "k"), r("whereis", "u", "no"))],
        shows=['c2 whereis u ["k"] c1', 'c2 whereis u ["no"] null'],
    ),
    named(
        "REG-014",
        "keys of who has none, or has ended",
        [HOLD, ["kill", "c1"], do(r("keys", "u", "c1"), r("keys", "u", "s"))],
        shows=['c3 keys u ["c1"] []', 'c3 keys u ["s"] []'],
    ),
    named(
        "REG-015",
        "values of one process under a key",
        [
            do(r("register", "d", "k", 1), r("register", "d", "k", 2), GATE),
            do(r("register", "d", "k", 3), r("values", "d", "k", "c1")),
        ],
        shows=['c2 values d ["k", "c1"] [1, 2]'],
    ),
    named(
        "REG-021 REG-020",
        "count counts entries, count_match those that match",
        [
            do(*TWICE, r("count", "d"), r("count_match", "d", "k", 1)),
            do(r("count", "u"), r("count_match", "u", "k", 1)),
        ],
        shows=["c1 count d [] 2", 'c1 count_match d ["k", 1] 2', "c2 count u [] 0"],
    ),
    named(
        "REG-022",
        "select sees everything",
        [HOLD, do(r("select", "u"))],
        shows=['c2 select u [] [["k", "c1", 1], ["l", "c1", 2]]'],
    ),
    named(
        "REG-023",
        "dispatch: one call with all entries, none without",
        [do(*TWICE, r("dispatch", "d", "k"), r("dispatch", "d", "no"))],
        shows=[
            'c1 dispatch d ["k"] [["c1", 1], ["c1", 1]]',
            'c1 dispatch d ["no"] not called',
        ],
    ),
    named(
        "REG-024",
        "what a dispatch function raises is the caller's; nobody else hears of it",
        [HOLD, do(r("dispatch", "u", "k", "boom"), r("lookup", "u", "k"))],
        shows=[
            'c2 dispatch u ["k", "boom"] ["raised", "boom"]',
            'c2 lookup u ["k"] [["c1", 1]]',
        ],
    ),
    named(
        "REG-030",
        "meta: what was put, or nothing",
        [do(r("put_meta", "u", "m", 3), r("meta", "u", "m"), r("meta", "u", "no"))],
        shows=['c1 meta u ["m"] ["ok", 3]', 'c1 meta u ["no"] error'],
    ),
    named(
        "REG-033",
        "duplicate keys are no addresses",
        [do(r("whereis", "d", "k"))],
        shows=['c1 whereis d ["k"] invalid'],
    ),
)

CHANGING = (
    named(
        "REG-016",
        "update_value: by the holder, the new value and the old one",
        [
            do(
                r("register", "u", "k", 1),
                r("update_value", "u", "k", 2),
                r("lookup", "u", "k"),
            )
        ],
        shows=[
            'c1 update_value u ["k", 2] ["ok", 2, 1]',
            'c1 lookup u ["k"] [["c1", 2]]',
        ],
    ),
    named(
        "REG-016",
        "update_value: not of a key that is free or another's",
        [HOLD, do(r("update_value", "u", "k", 2), r("update_value", "u", "no", 2))],
        shows=['c2 update_value u ["k", 2] error', 'c2 update_value u ["no", 2] error'],
    ),
    named(
        "REG-016",
        "update_value: not with duplicate keys",
        [do(*TWICE, r("update_value", "d", "k", 2))],
        shows=['c1 update_value d ["k", 2] invalid'],
    ),
    named(
        "REG-017",
        "unregister: all own entries of the key, no other",
        [
            do(
                *TWICE,
                r("register", "d", "l", 1),
                GATE,
                r("unregister", "d", "k"),
                ["gate", "h"],
            ),
            do(r("register", "d", "k", 7), ["gate", "h"]),
            ["open", "g"],
            do(r("select", "d")),
        ],
        shows=['c4 select d [] [["k", "c2", 7], ["l", "c1", 1]]'],
    ),
    named(
        "REG-017",
        "unregister of what is another's or nobody's is ok and does nothing",
        [
            HOLD,
            do(r("unregister", "u", "k"), r("unregister", "u", "no")),
            do(r("count", "u")),
        ],
        shows=[
            'c2 unregister u ["k"] ok',
            'c2 unregister u ["no"] ok',
            "c3 count u [] 2",
        ],
    ),
    named(
        "REG-018",
        "unregister_match: only own entries with that value",
        [
            do(
                r("register", "d", "k", 1),
                r("register", "d", "k", 2),
                r("unregister_match", "d", "k", 1),
                r("lookup", "d", "k"),
            )
        ],
        shows=['c1 lookup d ["k"] [["c1", 2]]'],
    ),
)

ENDS = (
    *(
        named(
            "REG-025",
            f"all entries are gone after {step}",
            [
                do(cast("a", r("register", "u", "l", 1), r("register", "d", "m", 2))),
                do(cast("b", step)),
                do(r("select", "u"), r("select", "d"), r("keys", "u", "s")),
            ],
            s={"name": ["u", "k", 0]},
            shows=["c3 select u [] []", "c3 select d [] []", 'c3 keys u ["s"] []'],
        )
        for step in (["stop", "normal"], ["stop", ["shutdown", "x"]], CRASH)
    ),
    named(
        "REG-025",
        "all entries are gone after a kill",
        [
            do(cast("a", r("register", "u", "l", 1))),
            ["shutdown", "s"],
            do(r("select", "u")),
        ],
        s={"name": ["u", "k", 0], "shutdown": "brutal_kill"},
        shows=["c3 select u [] []"],
    ),
    named(
        "REG-025 GS-004",
        "what a failed init registered is gone",
        [["start", "s"], do(r("select", "u"), r("select", "d"))],
        s={
            "name": ["u", "k", 0],
            "init": [r("register", "u", "l", 1), r("register", "d", "m", 1), CRASH],
        },
        shows=["c1 select u [] []", "c1 select d [] []"],
    ),
    named(
        "REG-025",
        "the names are there until terminate is done",
        [
            do(cast("a", CRASH)),
            do(r("lookup", "u", "k")),
            ["open", "g"],
            do(r("lookup", "u", "k")),
        ],
        s={"name": ["u", "k", 0], "terminate": [GATE]},
        shows=['c2 lookup u ["k"] [["s", 0]]', 'c4 lookup u ["k"] []'],
    ),
    named(
        "REG-032",
        "the value of a start name is what the specification says, in each life",
        [
            do(cast("a", r("update_value", "u", "k", 9))),
            do(r("lookup", "u", "k")),
            do(cast("b", CRASH)),
            do(r("lookup", "u", "k")),
        ],
        s={"name": ["u", "k", 1], "restart": "permanent"},
        shows=[
            'c2 lookup u ["k"] [["s", 9]]',
            "s init 2",
            'c4 lookup u ["k"] [["s", 1]]',
        ],
    ),
    named(
        "REG-032",
        "a name is an address for calls and casts",
        [
            do(
                cast("a", ["add", 1], to=["via", "u", "k"]),
                call("b", to=["via", "u", "k"]),
            )
        ],
        s={"name": ["u", "k", 1]},
        shows=['c1 answer b ["ok", null]', "s cast a 0", "s call b 1"],
    ),
    named(
        "REG-032",
        "an address follows the name from holder to holder",
        [
            ["start", "s"],
            do(call("a", ["stop", "normal"], to=["via", "u", "k"])),
            ["start", "t"],
            do(call("b", to=["via", "u", "k"])),
        ],
        s={"name": ["u", "k", 1]},
        t={"name": ["u", "k", 2]},
        shows=["s call a", "t call b"],
    ),
)

NAMED = REGISTERING + LOOKING + CHANGING + ENDS
