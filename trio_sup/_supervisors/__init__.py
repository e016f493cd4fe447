"""The shells of supervisors: they perform what the core decides, and decide nothing.

Rule of this package: what follows from an end, a request or a time that has come is asked
of the plan (`trio_sup._core.plan`) and carried out in its order; what the plan needs to
know is told to it. To change what a supervisor does, open the plan; to change how:

    shell      a supervisor's own life: its control task, and what each word of the plan
               comes to
    lives      how a child's life is spawned, asked to stop, put away and told of
    static     requests that wait in line, for supervisors with an ordered list
    partition  the same, with a number of partitions in use
    dynamic    requests that are answered at once, or by what comes of a start
    changing   what a change of the list comes to, beyond starts and stops
    requests   who waits for an answer, and which error a refusal is
    story      what is reported: ends, crashes, lives that hang
"""
