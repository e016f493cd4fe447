"""Work with a result: async functions, supervised one by one.

The rule here: a result is kept for whoever asks, as long as the handle; and nothing
that a block started is left running when the block is left.

    supervisor   the handle and the factory: `async_nolink`, `linked`, `stream`, …
    shell        a dynamic supervisor's shell that finishes results
    task         one task: its run, and the handle with the result
    many         waiting for many at once: `await_many`, `yield_many`
    links        a block whose tasks' failure is its own
    stream       one function over many items; `options` is what its users see
    callers      who had a task started
"""
