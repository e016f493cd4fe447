"""Names for users: what `registry.…` and `whereis` do.

The rule here: synchronous and without a task. A name changes in the very step in which
its holder's life does, so nobody ever finds a dead one; who listens is told later.

    Registry (registry)                  look up, register, select
      ├─ Topics (topics, pubsub)         publish to holders and to plain tasks;
      │                                  `pubsub` drops what a slow reader has no room for
      │    └─ HeardNames (listeners)     tell who listens
      │         └─ _children.names       reserve, show, hide, release: what lives do
      │              └─ _core.name_tables    the tables themselves
      └─ Locks (locks)                   a lock for each key, apart from names
    NamedRef (address)                   a name that is looked up at each use

Each class is one thing that a registry can do, of use without those above it.
"""
