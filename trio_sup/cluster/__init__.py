"""Several nodes: names, calls and supervision beyond one process.

An engine that people run already holds names and leases and carries messages; this
package adds supervision. Rule: nothing below imports this room.

    `_rules`      decisions, pure
    `_backends`   engines, and how a node reaches one
    `_nodes`      one node: its lease, its names, its messages
"""

from trio_sup.cluster._backends.link import Backend as Backend, Link as Link
from trio_sup.cluster._backends.local import LocalBackend as LocalBackend
from trio_sup.cluster._backends.urls import backend_at as backend_at
from trio_sup.cluster._nodes.cluster import (
    Cluster as Cluster,
    ClusterStatistics as ClusterStatistics,
)
from trio_sup.cluster._nodes.current import current_cluster as current_cluster
from trio_sup.cluster._nodes.factories import (
    ChildFactory as ChildFactory,
    child_factory as child_factory,
)
from trio_sup.cluster._nodes.fencing import Fence as Fence, fence as fence
from trio_sup.cluster._nodes.looking import (
    CrossingCall as CrossingCall,
    HeardTopic as HeardTopic,
    HeldName as HeldName,
    NodeSnapshot as NodeSnapshot,
    StandingBy as StandingBy,
    Unplaced as Unplaced,
    Unreachable as Unreachable,
)
from trio_sup.cluster._nodes.monitors import (
    GlobalDown as GlobalDown,
    GlobalExits as GlobalExits,
)
from trio_sup.cluster._nodes.opening import open_cluster as open_cluster
from trio_sup.cluster._nodes.pens import save_state as save_state
from trio_sup.cluster._nodes.refs import (
    GlobalName as GlobalName,
    GlobalRef as GlobalRef,
)
from trio_sup.cluster._nodes.supervisors import (
    ClusterDynamicSupervisor as ClusterDynamicSupervisor,
    PlacedChild as PlacedChild,
)
from trio_sup.cluster._nodes.topics import (
    Gap as Gap,
    Published as Published,
    Subscription as Subscription,
    Topic as Topic,
)
from trio_sup.cluster._nodes.values import NotPortable as NotPortable
from trio_sup.cluster._rules.keys import ClusterKey as ClusterKey
from trio_sup.cluster._rules.words import (
    NodeId as NodeId,
    NodeInfo as NodeInfo,
    Token as Token,
)
from trio_sup.cluster.errors import (
    AlreadyPlaced as AlreadyPlaced,
    CallTimeout as CallTimeout,
    ClusterError as ClusterError,
    ConnectionChanged as ConnectionChanged,
    EngineUnavailable as EngineUnavailable,
    LeaseLost as LeaseLost,
    NameTaken as NameTaken,
    NodeDown as NodeDown,
    NotRegistered as NotRegistered,
    Overloaded as Overloaded,
    PlacementFailed as PlacementFailed,
    Refused as Refused,
    RemoteCrash as RemoteCrash,
)
