"""Restart strategies and stopping: rows SUP-050 to SUP-063 and SUP-110 to SUP-118."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup

FAIL = ["error", "start"]

STRATEGIES = (
    named(
        "SUP-050",
        "one_for_one: only the failed child is replaced, in its place",
        sup("one_for_one", "a", "b", "c"),
        [crash("b"), ["which", ""]],
        shows=[
            "start b 2",
            'reply 1 [["c", 1, "worker"], ["b", 2, "worker"], ["a", 1, "worker"]]',
        ],
        never=["start a 2", "start c 2"],
    ),
    named(
        "SUP-051",
        "one_for_all: the others stop in reverse order, all start in order",
        sup("one_for_all", "a", "b", "c"),
        [crash("b")],
        shows=[
            "stop b 1",
            "stop c 1 shutdown",
            "stop a 1 shutdown",
            "start a 2",
            "start b 2",
            "start c 2",
            "reply 0",
        ],
    ),
    named(
        "SUP-052",
        "rest_for_one: the later ones stop in reverse order, the earlier stay",
        sup("rest_for_one", "a", "b", "c", "d"),
        [crash("b")],
        shows=[
            "stop b 1",
            "stop d 1 shutdown",
            "stop c 1 shutdown",
            "start b 2",
            "start c 2",
            "start d 2",
            "reply 0",
        ],
        never=["start a 2"],
    ),
    named(
        "SUP-053",
        "stopping for a restart honours shutdown values, one after the other",
        sup(
            "one_for_all",
            "a",
            child("b", shutdown=15, stop="stubborn"),
            child("c", stop=["slow", 15]),
            child("d", shutdown="brutal_kill", stop="trap"),
        ),
        [crash("a")],
        shows=[
            "stop d 1 killed",
            "stop c 1 shutdown",
            "stop b 1 killed",
            "start a 2",
            "start d 2",
        ],
    ),
    named(
        "SUP-054",
        "temporary bystanders stop and are forgotten",
        sup("one_for_all", "a", child("b", "temporary"), "c"),
        [crash("a"), ["which", ""]],
        shows=[
            "stop b 1 shutdown",
            'reply 1 [["c", 2, "worker"], ["a", 2, "worker"]]',
        ],
        never=["start b 2"],
    ),
    named(
        "SUP-055",
        "transient bystanders are started again",
        sup("one_for_all", "a", child("b", "transient")),
        [crash("a")],
        shows=["stop b 1 shutdown", "start a 2", "start b 2"],
    ),
    named(
        "SUP-056 TRAP-7",
        "a group restart also starts what was down",
        sup(
            "one_for_all",
            child("done", "transient"),
            "stopped",
            "ignored",
            child("once", "temporary"),
            "a",
        ),
        [["exit", "done", "normal"], ["terminate_child", "", "stopped"], crash("a")],
        plans={"ignored": ["ignore"]},
        shows=["reply 1 ok", "start done 2", "start stopped 2", "start ignored 2"],
        never=["start once 2"],
    ),
    named(
        "SUP-056",
        "rest_for_one starts only those in its range that were down",
        sup("rest_for_one", "before", "a", child("after", "transient")),
        [
            ["terminate_child", "", "before"],
            ["exit", "after", "normal"],
            crash("a"),
            ["which", ""],
        ],
        shows=[
            'reply 3 [["after", 2, "worker"], ["a", 2, "worker"],'
            ' ["before", null, "worker"]]'
        ],
    ),
    named(
        "SUP-057",
        "terminate_child touches no sibling",
        sup("one_for_all", "a", "b"),
        [["terminate_child", "", "a"], ["which", ""]],
        shows=['reply 1 [["b", 1, "worker"], ["a", null, "worker"]]'],
    ),
    named(
        "SUP-058 TRAP-3",
        "a group restart counts once, however many it involves",
        sup("one_for_all", "a", "b", "c", "d", intensity=2),
        [crash("a"), crash("b"), ["count", ""], crash("c")],
        shows=["start d 3", "reply 2", "stop c 3", "stop / 1 shutdown", "reply 3"],
    ),
    named(
        "SUP-059 TRAP-8",
        "one_for_all: deaths at the same time are one restart",
        sup("one_for_all", "a", "b", "c", intensity=1),
        [["queue", "", [["exit", i, CRASH] for i in ("a", "b", "c")]], ["which", ""]],
        shows=[
            "start a 2",
            "start b 2",
            "start c 2",
            'reply 1 [["c", 2, "worker"], ["b", 2, "worker"], ["a", 2, "worker"]]',
        ],
    ),
    named(
        "SUP-060 TRAP-8",
        "one_for_one: deaths at the same time count once for each child",
        sup("one_for_one", "a", "b", intensity=1),
        [["queue", "", [["exit", "a", CRASH], ["exit", "b", CRASH]]]],
        shows=["start a 2", "stop a 2 shutdown", "stop / 1 shutdown", "reply 0"],
        never=["start b 2"],
    ),
    named(
        "SUP-061",
        "rest_for_one: the later one first, then the earlier: two restarts",
        sup("rest_for_one", "a", "b", intensity=2),
        [["queue", "", [["exit", "b", CRASH], ["exit", "a", CRASH]]], crash("a")],
        shows=["start b 2", "stop b 2 shutdown", "start a 2", "start b 3", "reply 0"],
        never=["start a 3"],
    ),
    named(
        "SUP-062",
        "a transient child that ended normally at that instant starts again",
        sup("one_for_all", "a", child("b", "transient")),
        [["queue", "", [["exit", "a", CRASH], ["exit", "b", "normal"]]]],
        shows=["stop b 1 normal", "start a 2", "start b 2"],
    ),
    named(
        "SUP-063",
        "start_child appends: the new child depends on all before it",
        sup("rest_for_one", "a", "b"),
        [["start_child", "", {"id": "c"}], crash("b")],
        shows=["stop c 1 shutdown", "start b 2", "start c 2"],
    ),
)

STOPPING = (
    named(
        "SUP-110 TRAP-11",
        "stopping goes in reverse start order, depth first, one after the other",
        sup(
            "one_for_one",
            "a",
            child("s", tree=sup("one_for_one", "x", child("y", stop=["slow", 15]))),
            child("b", stop=["slow", 15]),
            "c",
        ),
        [["stop_root"]],
        shows=[
            "stop c 1 shutdown",
            "stop b 1 shutdown",
            "stop s/y 1 shutdown",
            "stop s/x 1 shutdown",
            "stop s 1 shutdown",
            "stop a 1 shutdown",
            "stop / 1 shutdown",
            "reply 0 ok",
        ],
    ),
    named(
        "SUP-111",
        "a child that does not stop in its time is killed",
        sup("one_for_one", child("a", shutdown=15, stop="stubborn"), "b"),
        [["stop_root"]],
        shows=["stop b 1 shutdown", "stop a 1 killed", "stop / 1 shutdown"],
    ),
    named(
        "SUP-112",
        "brutal_kill asks nobody",
        sup("one_for_one", child("a", shutdown="brutal_kill", stop="normal")),
        [["stop_root"]],
        shows=["stop a 1 killed"],
    ),
    named(
        "SUP-113",
        "infinity waits, for a worker too",
        sup("one_for_one", child("a", shutdown="infinity", stop=["slow", 30])),
        [["stop_root"]],
        shows=["stop a 1 shutdown"],
    ),
    named(
        "SUP-114",
        "a child that does not note requests ends at once, even with shutdown 0",
        sup("one_for_one", child("a", shutdown=0)),
        [["stop_root"]],
        shows=["stop a 1 shutdown"],
    ),
    named(
        "SUP-115",
        "an end by itself before the stop is handled keeps its reason: no restart",
        sup("one_for_all", "a", "b", intensity=0),
        [["queue", "", [["exit", "a", CRASH], ["exit", "b", ["error", "own"]]]]],
        shows=['stop b 1 ["error", "own"]', "stop / 1 shutdown"],
        never=["start a 2", "start b 2"],
    ),
    named(
        "SUP-116 TRAP-12",
        "whatever a child does when asked to stop, it is a stop",
        sup(
            "one_for_one",
            child("a", stop="error"),
            child("b", "transient", stop="error"),
            child("c", stop="normal"),
            intensity=0,
        ),
        [["terminate_child", "", id] for id in ("a", "b", "c")] + [["which", ""]],
        shows=[
            'stop a 1 ["error", "stop"]',
            'stop b 1 ["error", "stop"]',
            "stop c 1 normal",
            'reply 3 [["c", null, "worker"], ["b", null, "worker"],'
            ' ["a", null, "worker"]]',
        ],
    ),
    named(
        "SUP-118",
        "the children of a stopped supervisor see shutdown, whoever asked",
        sup("one_for_all", "a", child("s", tree=sup("one_for_one", "x"))),
        [crash("a")],
        shows=["stop s/x 1 shutdown", "stop s 1 shutdown", "start s 2", "start s/x 2"],
    ),
    named(
        "SUP-086 SUP-115",
        "after a group restart failed, one that had ended before it may be restarted",
        sup("rest_for_one", "a", "b"),
        [
            [
                "queue",
                "",
                [
                    ["exit", "a", CRASH],
                    ["exit", "b", CRASH],
                    ["restart_child", "b"],
                ],
            ]
        ],
        plans={"a": ["ok", FAIL]},
        shows=["start_failed a 2", "start b 2", "stop b 2", "stop / 1 shutdown"],
        never=["start a 3"],
    ),
    named(
        "SUP-086 SUP-115",
        "after a group restart failed, one that had ended before it may be deleted",
        sup("one_for_all", "a", "b", intensity=3),
        [
            [
                "queue",
                "",
                [["exit", "a", CRASH], ["exit", "b", CRASH], ["delete_child", "b"]],
            ],
            ["which", ""],
        ],
        plans={"a": ["ok", FAIL]},
        shows=[
            "start_failed a 2",
            "start a 3",
            'reply 0 ["ok", "ok", "ok"]',
            'reply 1 [["a", 3, "worker"]]',
        ],
        never=["start b 2"],
    ),
)

NAMED = STRATEGIES + STOPPING
