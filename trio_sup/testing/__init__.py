"""Tools to test supervision trees with.

`check_supervision` tries to break a tree of yours, under virtual time and drawn
schedules; `every_checkpoint` and `every_cancellation` try every place there is;
`ConformanceMonitor` judges a running tree. Hypothesis (extra ``testing``) is needed
by `check_supervision` only. What proves the library itself, against Erlang/OTP, is not
installed: it stands in `tests/proof` of the repository.

To change: the laws of supervisors `_monitor`, of servers `_servers.laws`, of names,
monitors, tasks and topics `_beside.laws`; what users demand `invariants`; what happens
to a tree `faults`, and `_run`; what a test plays of a recorded node `_recorded`.
"""

from trio_sup.testing._beside.waits import Waiting as Waiting
from trio_sup.testing._run.progress import ProgressBar as ProgressBar
from trio_sup.testing.check import (
    CheckOptions as CheckOptions,
    CheckReport as CheckReport,
    check_supervision as check_supervision,
    replay as replay,
    supervision_property as supervision_property,
)
from trio_sup.testing.crashing import crash as crash
from trio_sup.testing.event_log import EventLog as EventLog, check_log as check_log
from trio_sup.testing.exhaustive import (
    CoverageReport as CoverageReport,
    every_cancellation as every_cancellation,
    every_checkpoint as every_checkpoint,
)
from trio_sup.testing.faults import (
    EVERYTHING as EVERYTHING,
    STANDARD as STANDARD,
    Ask as Ask,
    CancelClient as CancelClient,
    Crash as Crash,
    CtrlC as CtrlC,
    CutTree as CutTree,
    Deaf as Deaf,
    FailBlock as FailBlock,
    FailStart as FailStart,
    Fault as Fault,
    Flood as Flood,
    InjectedCrash as InjectedCrash,
    Interrupt as Interrupt,
    Newcomer as Newcomer,
    Onlooker as Onlooker,
    Resize as Resize,
    Rush as Rush,
    Slow as Slow,
    StartAgain as StartAgain,
    StopServer as StopServer,
    Suspend as Suspend,
    Terminate as Terminate,
    Vanish as Vanish,
    Work as Work,
)
from trio_sup.testing.helpers import (
    EventRecorder as EventRecorder,
    Supervised as Supervised,
    assert_restarted as assert_restarted,
    run_virtual as run_virtual,
    settled as settled,
    start_supervised as start_supervised,
)
from trio_sup.testing.histories import (
    History as History,
    NotLinearizable as NotLinearizable,
    Operation as Operation,
    Recorded as Recorded,
    check_history as check_history,
    linearizable as linearizable,
)
from trio_sup.testing.invariants import (
    Invariant as Invariant,
    eventually as eventually,
    invariant as invariant,
    nobody_waits as nobody_waits,
    survives as survives,
)
from trio_sup.testing.memory_network import (
    MemoryListener as MemoryListener,
    MemoryNetwork as MemoryNetwork,
    MemoryStream as MemoryStream,
)
from trio_sup.testing.monitor import (
    ConformanceMonitor as ConformanceMonitor,
    Violation as Violation,
    debug_conformance as debug_conformance,
)
from trio_sup.testing.orders import (
    ScheduleReport as ScheduleReport,
    every_schedule as every_schedule,
    likely_schedules as likely_schedules,
)
from trio_sup.testing.problems import Hit as Hit, Problem as Problem
from trio_sup.testing.program_faults import (
    OF_PROGRAMS as OF_PROGRAMS,
    Garbage as Garbage,
    KillProgram as KillProgram,
    StopProgram as StopProgram,
)
from trio_sup.testing.programs import (
    CancelProgram as CancelProgram,
    Deadline as Deadline,
    InterruptProgram as InterruptProgram,
    ProgramReport as ProgramReport,
    ProgramViolation as ProgramViolation,
    check_program as check_program,
    replay_program as replay_program,
)
from trio_sup.testing.report import SupervisionViolation as SupervisionViolation
from trio_sup.testing.scenario import (
    NotPlayed as NotPlayed,
    Scenario as Scenario,
    scenario_from as scenario_from,
)
from trio_sup.testing.situations import (
    Situation as Situation,
    SituationReport as SituationReport,
)
from trio_sup.testing.virtual_threads import virtual_threads as virtual_threads
from trio_sup.testing.world import World as World, assume as assume
